"""Everything one running sandbox holds."""

from dataclasses import dataclass, field

from sandbox.clock import Clock
from sandbox.faults.book import FaultBook, read_faults
from sandbox.journal import Journal
from sandbox.keys import KeyRing
from sandbox.owner import DEFAULT, Owner, make_owners, owner_of
from sandbox.providers import PROVIDERS
from sandbox.settings import Settings
from sandbox.world.world import World


@dataclass(slots=True)
class State:
    """The world, its clock, and what is known, provider by provider, about who asked what."""

    settings: Settings
    clock: Clock = field(init=False)
    owners: dict[str, Owner] = field(init=False)
    keys: dict[str, KeyRing] = field(init=False)
    faults: FaultBook = field(init=False)
    journals: dict[str, Journal] = field(init=False)

    def __post_init__(self) -> None:
        """Build the world; posts are made when they are first asked for."""
        given = self.settings
        self.clock = Clock(given.origin)
        self.owners = make_owners(given, self.clock)
        self.keys = {n: KeyRing(one.key, given.rates[n]) for n, one in PROVIDERS.items()}
        self.journals = {name: Journal() for name in PROVIDERS}
        self.faults = FaultBook(given.seed)
        for spec in read_faults(given.faults):
            self.faults.plant(spec)

    @property
    def world(self) -> World:
        """The world of keys without a label of their own."""
        return self.owners[DEFAULT].world

    def owner(self, key_label: str) -> Owner:
        """Whose key this is."""
        return owner_of(self.owners, key_label)

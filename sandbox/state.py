"""Everything one running sandbox holds."""

from dataclasses import dataclass, field

from sandbox.clock import Clock
from sandbox.faults.book import FaultBook, read_faults
from sandbox.journal import Journal
from sandbox.keys import KeyRing
from sandbox.settings import Settings
from sandbox.world.world import World


@dataclass(slots=True)
class State:
    """The world, its clock, and what is known about who asked what."""

    settings: Settings
    clock: Clock = field(init=False)
    world: World = field(init=False)
    keys: KeyRing = field(init=False)
    faults: FaultBook = field(init=False)
    journal: Journal = field(default_factory=Journal)

    def __post_init__(self) -> None:
        """Build the world; posts are made when they are first asked for."""
        given = self.settings
        self.clock = Clock(given.origin)
        self.world = World(given.seed, given.accounts, given.posts, given.days, given.origin)
        self.keys = KeyRing(given.rate)
        self.faults = FaultBook(given.seed)
        for spec in read_faults(given.faults):
            self.faults.plant(spec)

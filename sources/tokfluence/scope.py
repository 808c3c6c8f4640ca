"""One run of Tokfluence: its streams, its options, the creators it is about."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..extraction.scope import Scope as AnyScope
from .addresses import cleaned
from .options import Options
from .tables import STREAMS


@dataclass
class Scope(AnyScope):
    """One run with one key of Tokfluence. An account is a creator, by handle."""

    every_stream = tuple(STREAMS)

    options: Options = field(default_factory=Options)
    streams: frozenset[str] = frozenset(STREAMS)

    def __post_init__(self) -> None:
        if self.leads:  # one worker does it all: credits and the rate of an address are the limit
            self.shard = None
        if self.only_accounts is not None:  # written with @, or as the app shows them
            self.only_accounts = frozenset(cleaned(name) or name for name in self.only_accounts)

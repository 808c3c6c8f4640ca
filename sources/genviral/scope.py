"""One run of Genviral: which streams there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from ..extraction.scope import Scope as AnyScope
from .client import PAGE
from .options import Options
from .tables import STREAMS

TARGET_STREAMS = ("target_snapshots", "posts", "daily_series")


@dataclass
class Scope(AnyScope):
    """One run with one key of Genviral. Accounts, in the words of the ledgers, are its targets."""

    every_stream = tuple(STREAMS)

    page_sizes: ClassVar[Mapping[str, int]] = {"posts": PAGE}

    options: Options = field(default_factory=Options)
    streams: frozenset[str] = frozenset(STREAMS)

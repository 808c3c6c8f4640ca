"""One run of TokPortal: which streams there are, and which of them a plan shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar

from ..extraction.scope import Scope as AnyScope
from .client import RAW_LIMIT
from .options import Options
from .tables import STREAMS

ACCOUNT_STREAMS = (
    "drilldown",
    "daily_series",
    "series_points",
    "account_raw_snapshots",
    "post_raw_snapshots",
    "comments",
)
_FULL_ONLY = (
    "account_raw_snapshots",
    "post_raw_snapshots",
    "comments",
    "comment_pulse_snapshots",
)


@dataclass
class Scope(AnyScope):
    """One run with one key of TokPortal."""

    every_stream = tuple(STREAMS)
    # Documented per level (developers.tokportal.com/analytics); a level not named here is asked.
    not_included: ClassVar[Mapping[str, Iterable[str]]] = {
        "starter": (*_FULL_ONLY, "daily_series", "series_points", "video_export"),
        "creator": _FULL_ONLY,
    }

    page_sizes: ClassVar[Mapping[str, int]] = {
        "account_raw_snapshots": RAW_LIMIT,
        "post_raw_snapshots": RAW_LIMIT,
    }

    comments_have_ids: bool | None = None  # None: no comment has shown it yet
    options: Options = field(default_factory=Options)
    streams: frozenset[str] = frozenset(STREAMS)

    @property
    def start(self) -> datetime:
        """The first moment of interest."""
        day = self.options.start_date
        return datetime(day.year, day.month, day.day, tzinfo=UTC)

    @property
    def sees_everything(self) -> bool:
        """At the full level nothing is redacted: null means "not measured"."""
        return self.access_level == "full"

    @property
    def shows_all_posts(self) -> bool:
        """Starter has "limited post visibility": what it does not list is not gone."""
        return self.access_level != "starter"

    @property
    def asks_drilldown(self) -> bool:
        """The drilldown is read even when it is not selected: it tells which posts moved."""
        gate = self.gates["drilldown"]
        return gate.open or "drilldown" not in self.streams

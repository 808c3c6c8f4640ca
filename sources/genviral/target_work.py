"""What is known of one target while its pieces are done, and what of it is due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from ..extraction.work import Work
from ..landing.days import is_time, iso, parse
from .client import PAGE, Window
from .scope import Scope

Row = dict[str, Any]

_A_DAY = timedelta(days=1)


@dataclass(kw_only=True)
class TargetWork(Work):
    """One target as it was listed. `owners`: whose each (platform, handle) of the key's scope is;
    `refreshed_at`: when its figures were measured, as far as the listing says. `reads_all`: all
    posts of all targets are few enough to be read after each refresh."""

    account_id: str
    scope: Scope
    listed: Row
    platform: str | None
    owners: Mapping[tuple[str | None, str], str]
    refreshed_at: datetime | None
    totals_listed: bool
    reads_all: bool = False
    read_posts: Row = field(default_factory=dict)  # the cursor of posts once they are read

    @property
    def today(self) -> date:
        return self.now().date()

    def unchanged(self, stream: str) -> bool:
        """Whether the provider says that nothing was measured since the stream was read last.

        `last_refreshed_at` is believed where it has been seen to move, and for a day at most: the
        documentation promises it nowhere.
        """
        cursor = self.cursors.get(stream) or {}
        read_at = parse(cursor.get("read_at"))
        if read_at is None or self.refreshed_at is None or not cursor.get("moves"):
            return False
        same = cursor.get("refreshed_at") == iso(self.refreshed_at)
        return same and not is_time(read_at, _A_DAY, self.now())

    def cursor(self, stream: str, **facts: Any) -> Row:
        """The cursor of a stream that has been read now."""
        before = self.cursors.get(stream) or {}
        refreshed = iso(self.refreshed_at) if self.refreshed_at else None
        known = before.get("refreshed_at")
        moves = bool(before.get("moves")) or (known is not None and known != refreshed)
        read = {"read_at": iso(self.now()), "refreshed_at": refreshed, "moves": moves}
        return before | read | facts

    def posts_window(self) -> Window:
        """Everything, when a full reading is due or costs no more than the recent days."""
        cursor = self.cursors.get("posts") or {}
        few = self.reads_all or (cursor.get("total") or 0) <= PAGE
        if few or self._full_reading_due("posts"):
            return Window()
        return self.recent_window()

    def recent_window(self) -> Window:
        """A day more at the end: in which zone days are cut is not documented."""
        recent_days = timedelta(days=self.scope.options.recent_days)
        return Window(self.today - recent_days, self.today + _A_DAY)

    def series_window(self) -> Window:
        """Everything when a full reading is due, else from the cursor minus the lookback."""
        cursor = self.cursors.get("daily_series") or {}
        if self._full_reading_due("daily_series"):
            return Window()
        through = date.fromisoformat(cursor["through"])
        since = through - timedelta(days=self.scope.options.lookback_days)
        return Window(min(since, self.today), self.today)

    def _full_reading_due(self, stream: str) -> bool:
        full_at = parse((self.cursors.get(stream) or {}).get("full_at"))
        every = timedelta(days=self.scope.options.full_reread_days)
        return is_time(full_at, every, self.now())

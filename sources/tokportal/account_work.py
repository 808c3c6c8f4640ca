"""What is known of one account while its pieces are done."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from ..extraction.work import Work
from ..landing.days import iso
from .drilldown import Drilldown
from .marks import CommentsMark, RawMark
from .posts import SeenPost
from .scope import Scope

Row = dict[str, Any]


@dataclass
class PostWork:
    """A post with something to ask: its mark is shared by its pieces and grows with each."""

    seen: SeenPost
    mark: Row

    @property
    def raw(self) -> RawMark:
        names = ("observed_at", "raw_through", "raw_per_day", "unseen_since", "held_until")
        return RawMark(**{name: self.mark[name] for name in names})

    @raw.setter
    def raw(self, mark: RawMark) -> None:
        self.mark |= vars(mark)

    @property
    def comments(self) -> CommentsMark:
        names = ("comments_through", "comment_count", "comments_unseen_since")
        return CommentsMark(**{name: self.mark[name] for name in names})

    @comments.setter
    def comments(self, mark: CommentsMark) -> None:
        self.mark |= vars(mark)


@dataclass(kw_only=True)
class AccountWork(Work):
    """One account. `listed` and `dashboard` are its rows of the index pass."""

    account_id: str
    scope: Scope
    listed: Row
    dashboard: Row | None
    drilldown: Drilldown | None = None
    raw_mark: RawMark | None = None
    from_series: list[str] = field(default_factory=list)
    series_days: set[date] = field(default_factory=set)  # that only /analytics/series has
    whole_series: bool = False  # all of it is read, not only what the drilldown leaves out
    stored_since: datetime | None = None  # the oldest snapshot that new raw rows may touch

    def observed(self) -> str | None:
        """The account's newest observation, as cursors have it."""
        moment = self.drilldown.observed_at if self.drilldown else None
        return iso(moment) if moment else None

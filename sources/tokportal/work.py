"""One account's work: its pieces, its cursors, and what became of each stream so far."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..http.errors import ProviderError
from ..landing.batch import Batch
from ..landing.days import iso
from ..landing.held import Held
from .client import TokPortalClient
from .drilldown import Drilldown, SeenPost
from .marks import RawMark
from .scope import Scope

Row = dict[str, Any]
Do = Callable[[TokPortalClient, Batch, Held], Awaitable[None]]


@dataclass(frozen=True)
class Piece:
    """A piece of work of one stream; `item_id` names the post when it is about one."""

    stream: str
    work: AccountWork
    do: Do
    item_id: str | None = None


@dataclass
class Outcome:
    """How a stream of the account went, over its pieces."""

    rows: int = 0
    pieces: int = 0
    truncated: int = 0
    failures: list[Exception] = field(default_factory=list)
    refusal: ProviderError | None = None
    absence: ProviderError | None = None


@dataclass
class PostWork:
    """A post with something to ask: its mark is shared by its pieces and grows with each."""

    seen: SeenPost
    mark: Row

    @property
    def raw(self) -> RawMark:
        names = ("observed_at", "raw_through", "raw_per_day", "unseen_since")
        return RawMark(**{name: self.mark[name] for name in names})

    @raw.setter
    def raw(self, mark: RawMark) -> None:
        self.mark |= vars(mark)


@dataclass
class AccountWork:
    """`cursors` are the account's own, by stream; they move when it is settled, never before."""

    account_id: str
    listed: Row
    dashboard: Row | None
    scope: Scope
    cursors: dict[str, Any]
    running: int = 0
    pieces: deque[Piece] = field(default_factory=deque)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    drilldown: Drilldown | None = None
    raw_mark: RawMark | None = None
    from_series: list[str] = field(default_factory=list)
    stored_since: datetime | None = None  # the oldest snapshot that new raw rows may touch

    def now(self) -> datetime:
        return self.scope.now()

    @property
    def done(self) -> bool:
        return not self.pieces and not self.running

    def add(self, stream: str, do: Do, item_id: str | None = None) -> None:
        """More to do for a stream, if it is selected and in the plan."""
        if self.scope.asks(stream):
            self.pieces.append(Piece(stream, self, do, item_id))

    def outcome(self, stream: str) -> Outcome:
        return self.outcomes.setdefault(stream, Outcome())

    def observed(self) -> str | None:
        """The account's newest observation, as cursors have it."""
        moment = self.drilldown.observed_at if self.drilldown else None
        return iso(moment) if moment else None

    def succeeded(self, piece: Piece, rows: Batch) -> None:
        outcome = self.outcome(piece.stream)
        outcome.pieces += 1
        outcome.rows += rows.data_rows()

    def failed(self, piece: Piece, error: Exception, batch: Batch) -> None:
        self.outcome(piece.stream).failures.append(error)
        self.scope.notes.error(
            batch, self.now(), error, piece.stream, self.account_id, piece.item_id
        )

    def refused(self, piece: Piece, error: ProviderError, batch: Batch) -> None:
        """Not in the plan, or not for this account: the run knows when it has seen the others."""
        self.outcome(piece.stream).refusal = error
        self.pieces = deque(p for p in self.pieces if p.stream != piece.stream)
        self._skip(piece, error, batch)

    def no_data(self, piece: Piece, error: ProviderError, batch: Batch) -> None:
        """Nothing measured yet: noted, and asked again next time."""
        self.outcome(piece.stream).absence = error
        if piece.item_id is None:
            self._skip(piece, error, batch)

    def _skip(self, piece: Piece, error: ProviderError, batch: Batch) -> None:
        self.scope.notes.skip(
            batch,
            self.now(),
            piece.stream,
            type(error).code,
            error.message,
            self.account_id,
            error.remedy,
        )

"""Work in pieces: what is still to do, its cursors, what became of each stream so far."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..http.errors import NotInPlan, ProviderError
from ..landing.batch import Batch
from ..landing.held import Held
from ..landing.outcomes import SYNC_ACCOUNT_STATUS
from .plan import ONE_REQUEST, Cost, pages
from .proof import Proof, prove, together
from .resting import REASON as RESTS
from .resting import remedy as tries_at_once
from .resting import resting_streams, why
from .scope import Scope

_ALL = 2**31  # rows on a page where one answer holds all

Do = Callable[[Any, Batch, Held], Awaitable[None]]
"""One request's worth of work with the provider's client: rows go into the batch that is given."""


@dataclass(frozen=True)
class Piece:
    """A piece of work of one stream; `item_id` names the post when it is about one; `cost` is what
    it is expected to take. `proves`: that it succeeds says that the plan includes the stream.
    `tells`: it is free of credits, and its answer tells what else there is to ask."""

    stream: str
    work: Work
    do: Do
    item_id: str | None = None
    proves: bool = True
    cost: Cost = ONE_REQUEST
    tells: bool = False


@dataclass
class Outcome:
    """How a stream of the account went, over its pieces. `rows` were written, `served` came from
    the provider, `rejected` could not be read."""

    rows: int = 0
    served: int = 0
    pieces: int = 0
    truncated: int = 0
    rejected: int = 0
    proofs: list[Proof] = field(default_factory=list)  # of its lists, where each is one answer
    failures: list[Exception] = field(default_factory=list)
    refusal: ProviderError | None = None
    absence: ProviderError | None = None
    broken: bool = False  # a failure of the stream itself, and not of one of its posts

    @property
    def landed(self) -> int:
        """Rows that were served and are in the table: new, changed or the same."""
        return max(0, self.served - self.rejected)


@dataclass
class Work:
    """An account's work, or (`account_id` None) that of the key's owner as a whole.

    `cursors` are its own, by stream; `finish` moves them when all pieces are done, never before.
    """

    account_id: str | None
    scope: Scope
    cursors: dict[str, Any]
    finish: Callable[[Any, Batch, Held], None]
    running: int = 0
    pieces: deque[Piece] = field(default_factory=deque)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    moved: dict[str, dict[str, Any]] = field(default_factory=dict)  # cursors once all is done
    # When its first answer was read, where later pieces rest on it: all is complete as of then.
    read_at: datetime | None = None
    resting: frozenset[str] = frozenset()  # streams that are not tried yet, for they keep failing

    def now(self) -> datetime:
        return self.scope.now()

    @property
    def done(self) -> bool:
        return not self.pieces and not self.running

    def add(
        self,
        stream: str,
        do: Do,
        item_id: str | None = None,
        *,
        cost: Cost = ONE_REQUEST,
        tells: bool = False,
    ) -> None:
        """More to do for a stream, if it is selected, in the plan and not resting."""
        if self.scope.asks(stream) and stream not in self.resting:
            self.pieces.append(Piece(stream, self, do, item_id, cost=cost, tells=tells))

    def rest(self, batch: Batch, held: Held) -> None:
        """Leave out what failed again and again, and say so."""
        found = resting_streams(self.scope, self.account_id, held) if self.account_id else {}
        self.resting = frozenset(found)
        self.pieces = deque(piece for piece in self.pieces if piece.stream not in found)
        for stream, row in found.items():
            words, remedy = why(row), tries_at_once(self.account_id or "")
            self.scope.notes.skip(batch, self.now(), stream, RESTS, words, self.account_id, remedy)

    def settle(self, batch: Batch, held: Held, state: dict[str, Any]) -> None:
        """All pieces are done: say how each stream stands, and keep the cursors in the state of
        this batch's load (the work may have begun in an earlier one)."""
        self.finish(self, batch, held)
        self._close_readings(batch)
        if self.account_id is None:
            state["owner"] = self.cursors
        else:
            state.setdefault("accounts", {})[self.account_id] = self.cursors

    def _close_readings(self, batch: Batch) -> None:
        """Every stream that was read gets its row in `sync_completeness`."""
        for stream, outcome in self.outcomes.items():
            if outcome.pieces and stream in self.scope.streams:
                proof = prove(outcome.landed, rejected=outcome.rejected, counted=False)
                if outcome.proofs:
                    proof = together(outcome.proofs)
                if outcome.failures:
                    proof = Proof("failed", outcome.landed, rejected=outcome.rejected)
                self.scope.notes.close(batch, self.now(), stream, self.account_id, proof)

    def broken_off(self, batch: Batch, held: Held) -> None:
        """The run ends before this work does: others have their turn first in the next one, and
        this goes on after them. A stream that never was complete is `begun`."""
        account_id = self.account_id
        if account_id is None:
            return
        stored = held.of(SYNC_ACCOUNT_STATUS, account_id)
        for stream, outcome in self.outcomes.items():
            if not outcome.pieces or stream not in self.scope.streams:
                continue
            before = stored.get((account_id, stream))
            if before is None:
                self.stands(stream, "begun", batch, held, None)
            else:
                now = {"last_attempt_at": self.now(), "fetched_at": self.now()}
                batch.put(SYNC_ACCOUNT_STATUS, before.row | now)

    def status_of(self, stream: str) -> str:
        """How a stream of the account went, in the words of `sync_account_status`."""
        outcome = self.outcome(stream)
        if outcome.failures:
            return "failed"
        if outcome.refusal or stream in self.resting or not self.scope.asks(stream):
            return "skipped"
        if outcome.rejected:
            return "partial"
        return "no_data" if outcome.absence and not outcome.pieces else "ok"

    def stands(
        self, stream: str, status: str, batch: Batch, held: Held, cursor: str | None
    ) -> None:
        """Write how an account's stream stands now, and how far it is complete (`cursor`)."""
        outcome, account_id = self.outcome(stream), self.account_id or ""
        if stream in self.resting and not outcome.failures:
            self.scope.notes.rests(stream, account_id)  # its row tells since when, and until when
            return
        self.scope.notes.status(
            batch,
            self.read_at or self.now(),
            stream,
            account_id,
            status,
            held.of(SYNC_ACCOUNT_STATUS, account_id).get((account_id, stream)),
            rows=outcome.rows,
            cursor=cursor,
            error=outcome.failures[0] if outcome.failures else outcome.refusal,
            broken=outcome.broken,
        )

    def outcome(self, stream: str) -> Outcome:
        return self.outcomes.setdefault(stream, Outcome())

    def succeeded(self, piece: Piece, rows: Batch) -> None:
        outcome = self.outcome(piece.stream)
        outcome.pieces += 1
        outcome.rows += rows.data_rows()
        outcome.served += max(rows.served, rows.data_rows() + rows.rejected())
        outcome.rejected += rows.rejected()
        self.scope.notes.counted(piece.stream, rows)
        self.scope.notes.least += pages(rows.served, self.scope.page_sizes.get(piece.stream, _ALL))

    def failed(
        self, stream: str, error: Exception, batch: Batch, item_id: str | None = None
    ) -> None:
        self.outcome(stream).failures.append(error)
        self.scope.notes.least += 1
        self.outcome(stream).broken |= item_id is None
        self.scope.notes.error(batch, self.now(), error, stream, self.account_id, item_id)

    def refused(self, piece: Piece, error: NotInPlan, batch: Batch) -> None:
        """Not in the plan, or not for this account: the run knows when it has seen the others."""
        self.outcome(piece.stream).refusal = error
        self.pieces = deque(p for p in self.pieces if p.stream != piece.stream)
        self.scope.refused(piece.stream, self.account_id, error, batch)

    def no_data(self, piece: Piece, error: ProviderError, batch: Batch) -> None:
        """Nothing measured yet: noted, and asked again next time."""
        self.outcome(piece.stream).absence = error
        self.scope.notes.least += 1
        if piece.item_id is None:
            self.scope.notes.skip(
                batch,
                self.now(),
                piece.stream,
                type(error).code,
                error.message,
                self.account_id,
                error.remedy,
            )

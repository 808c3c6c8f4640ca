"""One key's walk over its portfolio, batch by batch.

Work comes in small pieces: an account's drilldown, its raw history, one post's raw history, one
post's comments. A piece puts its rows into the batch only when it is complete, so a batch can close
(or be killed) between any two of them and nothing is half there. What a batch leaves is taken up by
the next one.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..extraction.batches import Deadline, Limits
from ..extraction.fan_out import fan_out
from ..extraction.gates import Gate
from ..extraction.notes import Notes
from ..http.client import Connection, HttpClient
from ..http.errors import Fatal, NoDataYet, NotInPlan, ProviderError
from ..landing.batch import Batch
from ..landing.held import Held, Lookup, nothing_held
from .account import AccountWork, Piece
from .client import TokPortalClient
from .options import Options
from .portfolio import Portfolio, read_portfolio
from .removal import mark_removed_accounts
from .tables import STREAMS, TABLES

Row = dict[str, Any]
Cursors = dict[str, Any]

ACCOUNT_STREAMS = (
    "drilldown",
    "daily_series",
    "account_raw_snapshots",
    "post_raw_snapshots",
    "comments",
)
# Documented per level (developers.tokportal.com/analytics); a level not named here is asked.
NOT_INCLUDED = {
    "starter": ("daily_series", "account_raw_snapshots", "post_raw_snapshots", "comments"),
    "creator": ("account_raw_snapshots", "post_raw_snapshots", "comments"),
}


@dataclass
class TokPortalRun:
    """The state of one run for one key, over as many batches as it takes."""

    connection: Connection
    run_id: str
    tenant: str = "default"
    options: Options = field(default_factory=Options)
    streams: frozenset[str] = frozenset(STREAMS)
    only_accounts: frozenset[str] | None = None
    full_refresh: bool = False
    limits: Limits = field(default_factory=Limits)
    lookup: Lookup = nothing_held
    stop: threading.Event = field(default_factory=threading.Event)
    report: Callable[[TokPortalRun], None] = lambda run: None

    notes: Notes = field(default_factory=Notes)
    portfolio: Portfolio | None = None
    fatal: Fatal | None = None
    accounts_done: int = 0
    _queue: deque[str] = field(default_factory=deque)
    _open: deque[AccountWork] = field(default_factory=deque)
    _gates: dict[str, Gate] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Nothing is left that this run could ask."""
        if self.fatal or self.stop.is_set():
            return True
        return self.portfolio is not None and not self._queue and not self._open

    @property
    def accounts_total(self) -> int:
        return self.accounts_done + len(self._queue) + len(self._open)

    async def extract(self, cursors: Cursors) -> Batch:
        """The next batch. `cursors` move only for what is complete in it."""
        batch = Batch(self.tenant, self.run_id, TABLES)
        async with HttpClient(self.connection) as http:
            client = TokPortalClient(http)
            try:
                if self.portfolio is None:
                    await self._index(client, batch, cursors)
                if not self.finished:
                    await self._walk(client, batch, cursors)
            except Fatal as error:
                self._end(error, batch)
        return batch

    async def _index(self, client: TokPortalClient, batch: Batch, cursors: Cursors) -> None:
        held, clock = self.lookup(self.tenant, []), self.connection.clock
        try:
            portfolio = await read_portfolio(client, batch, self.notes, held, clock)
        except ProviderError as error:
            if isinstance(error, Fatal):
                raise
            self.notes.error(batch, clock.now(), error, "accounts")
            portfolio = Portfolio()
        self.portfolio = portfolio
        self._open_gates(portfolio, batch)
        self._queue.extend(self._order(portfolio))
        if self.only_accounts is None and portfolio.listing.complete:
            mark_removed_accounts(self, portfolio, batch, cursors)

    def _order(self, portfolio: Portfolio) -> list[str]:
        listed = list(portfolio.accounts)
        if self.only_accounts is None:
            return listed
        return [account_id for account_id in listed if account_id in self.only_accounts]

    def _open_gates(self, portfolio: Portfolio, batch: Batch) -> None:
        level = portfolio.access_level or ""
        now = self.connection.clock.now()
        for stream in ACCOUNT_STREAMS:
            gate = self._gates[stream] = Gate(stream)
            if stream not in self.streams:
                gate.closed_because = "not selected"
            elif stream in NOT_INCLUDED.get(level, ()):
                gate.closed_because = f"access level {level} does not include it"
                self.notes.skip(
                    batch, now, stream, "not_in_plan", gate.closed_because, remedy=NotInPlan.remedy
                )

    def asks(self, stream: str) -> bool:
        """Whether the stream is selected and, as far as known, in the plan."""
        return self._gates[stream].open

    async def _walk(self, client: TokPortalClient, batch: Batch, cursors: Cursors) -> None:
        window = [self._queue[i] for i in range(min(len(self._queue), self.limits.accounts))]
        open_ids = [work.account_id for work in self._open]
        held = self.lookup(self.tenant, [*open_ids, *window])
        walk = _Walk(self, client, batch, cursors, held, len(window))
        await fan_out(walk, walk.do, self.connection.concurrency)

    def conclude(self) -> None:
        """A stream refused to one account and granted to others: that is the account's trouble."""
        for gate in self._gates.values():
            for account_id in sorted(gate.refused) if gate.granted else ():
                message = f"{gate.stream} is refused for this account and granted for others"
                self.notes.errors.append(
                    {
                        "account_id": account_id,
                        "stream": gate.stream,
                        "item_id": None,
                        "code": NotInPlan.code,
                        "message": message,
                        "retry_at": None,
                    }
                )

    def _end(self, error: Fatal, batch: Batch) -> None:
        if self.fatal is None:
            self.fatal = error
            self.notes.error(batch, self.connection.clock.now(), error, "accounts")


@dataclass
class _Walk:
    """The queue of one batch: pieces of accounts already begun first, then new accounts."""

    run: TokPortalRun
    client: TokPortalClient
    batch: Batch
    cursors: Cursors
    held: Held
    may_begin: int
    deadline: Deadline = field(init=False)

    def __post_init__(self) -> None:
        self.deadline = Deadline(self.run.limits, self.run.stop)

    @property
    def closed(self) -> bool:
        return self.run.fatal is not None or self.deadline.passed(len(self.batch))

    @property
    def stopping(self) -> bool:
        return self.run.stop.is_set()

    def next(self) -> Piece | None:
        for work in self.run._open:
            if work.pieces:
                work.running += 1
                return work.pieces.popleft()
        if not self.may_begin or not self.run._queue:
            return None
        self.may_begin -= 1
        return self._begin(self.run._queue.popleft())

    def _begin(self, account_id: str) -> Piece:
        portfolio = self.run.portfolio
        assert portfolio is not None
        stored_cursors = self.cursors.get("accounts", {}).get(account_id, {})
        work = AccountWork(
            account_id=account_id,
            listed=portfolio.accounts[account_id],
            dashboard=portfolio.dashboard.get(account_id),
            run=self.run,
            cursors={} if self.run.full_refresh else dict(stored_cursors),
            running=1,
        )
        self.run._open.append(work)
        return Piece("drilldown", work, work.read_drilldown)

    async def do(self, piece: Piece) -> None:
        """Do a piece; whatever goes wrong is noted for its account and stream alone."""
        work = piece.work
        rows = self.batch.piece()
        try:
            await piece.do(self.client, rows, self.held)
        except Fatal as error:
            self.run._end(error, self.batch)
            work.pieces.appendleft(piece)
            return
        except asyncio.CancelledError:
            work.pieces.appendleft(piece)
            raise
        except Exception as error:
            self._failed(piece, error)
        else:
            self.batch.take(rows)
            work.succeeded(piece, rows)
            self.run._gates[piece.stream].grant()
        finally:
            work.running -= 1
        if not work.pieces and not work.running:
            work.settle(self.batch, self.held)
            # Into the state of this batch's load: the account may have begun in an earlier one.
            self.cursors.setdefault("accounts", {})[work.account_id] = work.cursors
            self.run._open.remove(work)
            self.run.accounts_done += 1
        self.run.report(self.run)

    def _failed(self, piece: Piece, error: Exception) -> None:
        work, run, now = piece.work, self.run, self.run.connection.clock.now()
        if isinstance(error, NoDataYet):
            work.no_data(piece, error, self.batch)
        elif isinstance(error, NotInPlan):
            gate = run._gates[piece.stream]
            gate.refuse(work.account_id, error.message)
            work.refused(piece, error, self.batch)
            if not gate.open and len(gate.refused) == 3:
                run.notes.skip(
                    self.batch, now, piece.stream, error.code, error.message, remedy=error.remedy
                )
        else:
            work.failed(piece, error)
            run.notes.error(self.batch, now, error, piece.stream, work.account_id, piece.item_id)

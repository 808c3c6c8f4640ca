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
from functools import partial
from itertools import islice
from typing import Any

from ..extraction.batches import Deadline, Limits
from ..extraction.fan_out import fan_out
from ..http.client import HttpClient
from ..http.errors import Fatal, NoDataYet, NotInPlan, ProviderError
from ..landing.batch import Batch
from ..landing.held import Held, Lookup, nothing_held
from .account import read_drilldown
from .account_work import AccountWork
from .client import TokPortalClient
from .owner import begin_owner_work
from .portfolio import Portfolio, read_portfolio
from .removal import mark_removed_accounts
from .scope import Scope
from .settle import settle
from .tables import TABLES
from .work import Piece, Work

Cursors = dict[str, Any]


@dataclass
class TokPortalRun:
    """The state of one run for one key, over as many batches as it takes.

    `missing_tables` are made with the first batch, `lookup` tells what the warehouse holds,
    `report` is called after every piece, `stop` ends the run after the pieces under way.
    """

    scope: Scope
    limits: Limits = field(default_factory=Limits)
    missing_tables: frozenset[str] = frozenset(table.name for table in TABLES)
    lookup: Lookup = nothing_held
    stop: threading.Event = field(default_factory=threading.Event)
    report: Callable[[TokPortalRun], None] = lambda run: None

    portfolio: Portfolio | None = None
    fatal: Fatal | None = None
    accounts_done: int = 0
    waiting: deque[str] = field(default_factory=deque)
    begun: deque[Work] = field(default_factory=deque)
    owner_begun: bool = False

    @property
    def finished(self) -> bool:
        """Nothing is left that this run could ask."""
        if self.fatal or self.stop.is_set():
            return True
        indexed = self.portfolio is not None
        return indexed and self.owner_begun and not self.waiting and not self.begun

    @property
    def accounts_total(self) -> int:
        begun = sum(work.account_id is not None for work in self.begun)
        return self.accounts_done + len(self.waiting) + begun

    @property
    def access_level(self) -> str | None:
        return self.portfolio.access_level if self.portfolio else None

    async def extract(self, cursors: Cursors) -> Batch:
        """The next batch. `cursors` move only for what is complete in it."""
        batch = Batch(self.scope.tenant, self.scope.run_id, TABLES)
        async with HttpClient(self.scope.connection) as http:
            client = TokPortalClient(http)
            try:
                if self.portfolio is None:
                    await self._index(client, batch, cursors)
                if not self.finished:
                    await self._walk(client, batch, cursors)
            except Fatal as error:
                self.end(error, batch)
        return batch

    async def _index(self, client: TokPortalClient, batch: Batch, cursors: Cursors) -> None:
        scope, held = self.scope, self.lookup(self.scope.tenant, [])
        portfolio = Portfolio()
        try:
            portfolio = await read_portfolio(client, batch, scope, held)
        except Fatal:
            raise
        except ProviderError as error:
            scope.notes.error(batch, scope.now(), error, "accounts")
        self.portfolio = portfolio
        scope.open_gates(portfolio.access_level, batch)
        chosen = scope.only_accounts
        self.waiting.extend(a for a in portfolio.accounts if chosen is None or a in chosen)
        if chosen is None and portfolio.listing.complete:
            mark_removed_accounts(scope, portfolio, batch, self.lookup, cursors)

    async def _walk(self, client: TokPortalClient, batch: Batch, cursors: Cursors) -> None:
        window = list(islice(self.waiting, self.limits.accounts))
        begun = [work.account_id for work in self.begun if work.account_id]
        held = self.lookup(self.scope.tenant, [*begun, *window])
        walk = _Walk(self, client, batch, cursors, held, len(window))
        await fan_out(walk, walk.do, self.scope.connection.concurrency)

    def end(self, error: Fatal, batch: Batch) -> None:
        """Nothing more can be asked of the provider; what is in the batch is still loaded."""
        if self.fatal is None:
            self.fatal = error
            self.scope.notes.error(batch, self.scope.now(), error, "accounts")


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
        for work in self.run.begun:
            if work.pieces:
                work.running += 1
                return work.pieces.popleft()
        if self.may_begin and self.run.waiting:
            self.may_begin -= 1
            return self._begin(self.run.waiting.popleft())
        if not self.run.waiting and not self.run.begun and not self.run.owner_begun:
            return self._begin_owner()
        return None

    def _begin_owner(self) -> Piece | None:
        self.run.owner_begun = True
        owner = begin_owner_work(self.run.scope, self.cursors)
        if owner is None:
            return None
        self.run.begun.append(owner)
        owner.running += 1
        return owner.pieces.popleft()

    def _begin(self, account_id: str) -> Piece:
        portfolio, scope = self.run.portfolio, self.run.scope
        assert portfolio is not None
        stored = self.cursors.get("accounts", {}).get(account_id, {})
        work = AccountWork(
            account_id=account_id,
            listed=portfolio.accounts[account_id],
            dashboard=portfolio.dashboard.get(account_id),
            scope=scope,
            cursors={} if scope.full_refresh else dict(stored),
            finish=settle,
            running=1,
        )
        self.run.begun.append(work)
        # It may have been answered by the older endpoints, so its success proves nothing.
        return Piece("drilldown", work, partial(read_drilldown, work), proves=False)

    async def do(self, piece: Piece) -> None:
        """Do a piece; whatever goes wrong is noted for its account and stream alone."""
        work, rows = piece.work, self.batch.piece()
        try:
            await piece.do(self.client, rows, self.held)
        except (asyncio.CancelledError, Fatal) as error:
            work.pieces.appendleft(piece)
            if not isinstance(error, Fatal):
                raise
            self.run.end(error, self.batch)
        except Exception as error:
            self._failed(piece, error)
        else:
            self.batch.take(rows)
            work.succeeded(piece, rows)
            if piece.proves:
                self.run.scope.gates[piece.stream].grant()
        finally:
            work.running -= 1
        if work.done:
            self._settle(work)
        self.run.report(self.run)

    def _failed(self, piece: Piece, error: Exception) -> None:
        if isinstance(error, NoDataYet):
            piece.work.no_data(piece, error, self.batch)
        elif isinstance(error, NotInPlan):
            piece.work.refused(piece, error, self.batch)
        else:
            piece.work.failed(piece.stream, error, self.batch, piece.item_id)

    def _settle(self, work: Work) -> None:
        work.settle(self.batch, self.held, self.cursors)
        self.run.begun.remove(work)
        self.run.accounts_done += work.account_id is not None

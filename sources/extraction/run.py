"""One key's walk over its portfolio, batch by batch.

Work comes in small pieces: an account's posts, one post's history, one post's comments. A piece
puts its rows into the batch only when it is complete, so a batch can close (or be killed) between
any two of them and nothing is half there. What a batch leaves is taken up by the next one.
"""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, ClassVar

from ..http.client import HttpClient
from ..http.errors import Fatal, NoDataYet, NotInPlan
from ..http.tally import counted
from ..landing.batch import Batch
from ..landing.days import iso
from ..landing.held import Held, Lookup, nothing_held
from ..landing.tables import Derived, Table
from .batches import Deadline, Limits
from .elsewhere import Elsewhere, nothing_elsewhere
from .fan_out import fan_out
from .order import (
    OWNER_TRIED,
    LastAttempts,
    after_owner,
    longest_waiting_first,
    nothing_attempted,
)
from .plan import INDEX, Cost, Plan
from .scope import Scope
from .work import Piece, Work

Cursors = dict[str, Any]


@dataclass
class Run(ABC):
    """The state of one run for one key, over as many batches as it takes. A provider says how its
    index is read and what an account's work begins with.

    `derived` are tables to fill from the rows of the run itself: of a plain dlt pipeline, whose one
    batch holds everything. `social` leaves them out and computes them in the warehouse.
    `missing_tables` are made with the first batch (None: all), `lookup` tells what the warehouse
    holds, `elsewhere` which posts other providers brought into it, `last_attempts` when each
    account was asked last, `report` is called after every piece, `stop` ends the run after the
    pieces under way.
    """

    tables: ClassVar[Sequence[Table]]

    scope: Scope
    limits: Limits = field(default_factory=Limits)
    derived: Sequence[Derived] = ()
    missing_tables: frozenset[str] | None = None
    lookup: Lookup = nothing_held
    elsewhere: Elsewhere = nothing_elsewhere
    last_attempts: LastAttempts = nothing_attempted
    stop: threading.Event = field(default_factory=threading.Event)
    report: Callable[[Any], None] = lambda run: None

    indexed: bool = False
    fatal: Fatal | None = None
    accounts_done: int = 0
    waiting: deque[str] = field(default_factory=deque)
    begun: deque[Work] = field(default_factory=deque)
    owner_begun: bool = False
    after_owner: int = 0  # accounts that come after what belongs to the owner
    attempts: Mapping[str, datetime] = field(default_factory=dict)  # known once they are in turn
    plan: Plan = field(default_factory=Plan)

    @abstractmethod
    def client(self, http: HttpClient) -> Any:
        """The provider's endpoints over this connection."""

    @abstractmethod
    async def index(self, client: Any, batch: Batch, cursors: Cursors) -> Iterable[str]:
        """Read what there is: the ids of the accounts to work on, in the order of their worth.
        Opens the gates. Raises Fatal; any other trouble is noted and what is known is returned."""

    @abstractmethod
    def begin(self, account_id: str, cursors: Cursors) -> Work:
        """An account's work, with its first pieces; `cursors` are the account's own."""

    def begin_owner(self, cursors: Cursors) -> Work | None:
        """What belongs to the key's owner as a whole, when the accounts are through; if any is due.
        `cursors` are those of all."""
        return None

    @property
    def finished(self) -> bool:
        """Nothing is left that this run could ask."""
        return bool(self.fatal) or self.stop.is_set() or self.all_asked

    @property
    def all_asked(self) -> bool:
        """Every account had its turn, and what belongs to the owner."""
        if self.fatal is not None:
            return False
        return self.indexed and self.owner_begun and not self.waiting and not self.begun

    @property
    def accounts_total(self) -> int:
        begun = sum(work.account_id is not None for work in self.begun)
        return self.accounts_done + len(self.waiting) + begun

    def in_turn(self, account_ids: Iterable[str]) -> list[str]:
        """Accounts of this run, those that waited longest first."""
        self.attempts = self.last_attempts(self.scope.tenant)
        return longest_waiting_first(filter(self.scope.chooses, account_ids), self.attempts)

    def begin_account(self, account_id: str, cursors: Cursors, batch: Batch, held: Held) -> Work:
        """An account's work under its own cursors, without what rests."""
        stored = cursors.get("accounts", {}).get(account_id, {})
        work = self.begin(account_id, {} if self.scope.full_refresh else dict(stored))
        work.rest(batch, held)
        return work

    def afterwards(self, work: Work) -> Iterable[tuple[str, Cost]]:
        """What a plan cannot look at, since looking costs credits: what the work's pieces will
        bring."""
        return ()

    def asked_index(self) -> None:
        """The index pass is over: what it took is no estimate."""
        traffic = self.scope.connection.traffic
        asked = traffic.requests - traffic.retries
        self.plan.add(INDEX, Cost(asked, asked))
        self.scope.notes.least += asked

    async def look(self, client: Any, batch: Batch, cursors: Cursors) -> Iterable[str]:
        """As `index`, for a plan: what comes into the batch is thrown away. Costs no credits."""
        return await self.index(client, batch, cursors)

    async def ahead(self, client: Any, batch: Batch, cursors: Cursors) -> list[Work]:
        """All work of accounts that a run would do now, begun, for a plan. Raises Fatal."""
        account_ids = list(await self.look(client, batch, cursors))
        self.asked_index()
        works: list[Work] = []
        for start in range(0, len(account_ids), self.limits.accounts):
            window = account_ids[start : start + self.limits.accounts]
            held = self.lookup(self.scope.tenant, window)
            works += [self.begin_account(each, cursors, batch, held) for each in window]
        return works

    @property
    def access_level(self) -> str | None:
        return self.scope.access_level

    async def extract(self, cursors: Cursors) -> Batch:
        """The next batch. `cursors` move only for what is complete in it."""
        batch = Batch(self.scope.tenant, self.scope.run_id, self.tables, self.scope.privacy)
        async with HttpClient(self.scope.connection) as http:
            client = self.client(http)
            try:
                if not self.indexed:
                    self.waiting.extend(await self.index(client, batch, cursors))
                    self.indexed = True
                    self.asked_index()
                    tried_at = cursors.get(OWNER_TRIED)
                    self.after_owner = after_owner(self.waiting, self.attempts, tried_at)
                if not self.finished:
                    await self._walk(client, batch, cursors)
            except Fatal as error:
                self.end(error, batch)
        for derived in self.derived:
            self._derive(derived, batch)
        self.scope.notes.collect_rejects(batch)
        return batch

    def _derive(self, derived: Derived, batch: Batch) -> None:
        values = {row[derived.column] for table in derived.parents for row in batch.rows(table)}
        known = {"tenant": batch.tenant, "fetched_at": self.scope.now()}
        for row in derived.rows(self.scope.options, sorted(values - {None})):
            batch.put(derived.table, row | known)

    def tables_to_make(self) -> frozenset[str]:
        """Tables that the next batch makes though it brings no row of them; asked once."""
        every = frozenset(table.name for table in self.tables)
        missing, self.missing_tables = self.missing_tables, frozenset()
        return every if missing is None else missing

    async def _walk(self, client: Any, batch: Batch, cursors: Cursors) -> None:
        window = list(islice(self.waiting, self.limits.accounts))
        begun = [work.account_id for work in self.begun if work.account_id]
        held = self.lookup(self.scope.tenant, [*begun, *window])
        walk = _Walk(self, client, batch, cursors, held, len(window))
        await fan_out(walk, walk.do, self.scope.connection.concurrency)
        for work in self.begun if self.finished else ():
            work.broken_off(batch, held)

    def end(self, error: Fatal, batch: Batch) -> None:
        """Nothing more can be asked of the provider; what is in the batch is still loaded."""
        if self.fatal is None:
            self.fatal = error
            self.scope.notes.error(batch, self.scope.now(), error, "accounts")


@dataclass
class _Walk:
    """The queue of one batch: pieces of accounts already begun first, then new accounts."""

    run: Run
    client: Any
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
        run = self.run
        for work in run.begun:
            if work.pieces:
                return self._take(work)
        if self._owners_turn() and (piece := self._begin_owner()):
            return piece
        while self.may_begin and run.waiting:
            self.may_begin -= 1
            account_id = run.waiting.popleft()
            work = run.begin_account(account_id, self.cursors, self.batch, self.held)
            if piece := self._begin(work):
                return piece
        if not run.waiting and not run.begun and not run.owner_begun:
            return self._begin_owner()
        return None

    def _owners_turn(self) -> bool:
        """Before accounts that had their own turn since."""
        run = self.run
        return not run.owner_begun and 0 < len(run.waiting) <= run.after_owner

    def _begin_owner(self) -> Piece | None:
        self.run.owner_begun = True
        work = self.run.begin_owner(self.cursors)
        if work is not None:
            self.cursors[OWNER_TRIED] = iso(work.now())
        return self._begin(work)

    def _begin(self, work: Work | None) -> Piece | None:
        if work is None:
            return None
        self.run.begun.append(work)
        if work.pieces:
            return self._take(work)
        self._settle(work)  # nothing of it is due
        return None

    def _take(self, work: Work) -> Piece:
        work.running += 1
        piece = work.pieces.popleft()
        self.run.plan.add(piece.stream, piece.cost)
        return piece

    async def do(self, piece: Piece) -> None:
        """Do a piece; whatever goes wrong is noted for its account and stream alone."""
        work, rows = piece.work, self.batch.piece()
        try:
            with counted() as tally:
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
            if piece.cost.unknown:
                self.run.plan.of(piece.stream).measured(tally.requests)
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

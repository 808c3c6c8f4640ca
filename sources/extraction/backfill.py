"""A range of days, chunk by chunk, the newest first.

It runs beside the syncs that follow the present: no cursor and no mark of theirs is read or moved.
What is done is remembered per account, stream and chunk, in the load that brought the rows, so a
kill costs the chunk of the accounts that were under way.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

from ..landing.batch import Batch
from ..landing.held import Held
from ..landing.outcomes import BACKFILL_CHUNKS
from .run import Cursors, Run
from .work import Work


@dataclass(frozen=True)
class Span:
    """UTC days from `since` to before `until`."""

    since: date
    until: date

    @property
    def last_day(self) -> date:
        return self.until - timedelta(days=1)

    @property
    def start(self) -> datetime:
        return datetime(self.since.year, self.since.month, self.since.day, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return self.start + (self.until - self.since)

    def chunks(self, days: int) -> list[Span]:
        """Parts of so many days, the newest first; the oldest may be shorter."""
        ages = range(0, (self.until - self.since).days, days)
        ends = [self.until - timedelta(days=age) for age in ages]
        return [Span(max(self.since, end - timedelta(days=days)), end) for end in ends]

    def covered_by(self, spans: Iterable[Span]) -> bool:
        """Whether every day of it is in one of these."""
        reached = self.since
        for span in sorted(spans, key=lambda each: each.since):
            if span.since > reached:
                break
            reached = max(reached, span.until)
        return reached >= self.until


Done = Callable[[str, Span], dict[tuple[str, str], list[Span]]]
"""Tenant and span in; what was filled before and touches it, by account and stream, out."""


def nothing_done(tenant: str, span: Span) -> dict[tuple[str, str], list[Span]]:
    """For a first time, or to ask all of it again."""
    return {}


@dataclass(kw_only=True)
class ChunkWork(Work):
    """One account's part of a chunk. `held_back`: streams that are not done though nothing failed:
    a listing moved while it was read."""

    account_id: str
    span: Span
    streams: tuple[str, ...]
    held_back: set[str] = field(default_factory=set)

    def broken_off(self, batch: Batch, held: Held) -> None:
        """What is not remembered is asked again."""

    def settle(self, batch: Batch, held: Held, state: Cursors) -> None:
        """Remember what is complete. `state` holds the cursors of syncs, and stays as it is."""
        self.finish(self, batch, held)


@dataclass(kw_only=True)
class Backfill(Run):
    """One key's walk over chunks × accounts. A provider says which accounts there are, and what a
    chunk of one of them asks."""

    streams: ClassVar[tuple[str, ...]]  # those with a past that can be asked by day

    span: Span
    chunk_days: int = 30
    done: Done = nothing_done
    accounts: list[str] = field(default_factory=list)
    chunks: deque[Span] = field(default_factory=deque)
    chunk: Span = field(init=False)
    due: dict[str, tuple[str, ...]] = field(default_factory=dict)
    given_up: set[tuple[str, str]] = field(default_factory=set)
    chunks_left: int = 0
    accounts_left: int = 0

    @abstractmethod
    async def known_accounts(self, client: Any, batch: Batch) -> Iterable[str]:
        """Ids of the accounts. Asks little, opens the gates, and sets the provider's clock."""

    @abstractmethod
    def fill(self, work: ChunkWork) -> None:
        """Add the pieces of an account's chunk."""

    def may_hold(self, account_id: str, span: Span) -> bool:
        """Whether the account can have figures of these days."""
        return True

    async def index(self, client: Any, batch: Batch, cursors: Cursors) -> Iterable[str]:
        ids = await self.known_accounts(client, batch)
        self.accounts = [each for each in ids if self.scope.chooses(each)]
        until = min(self.span.until, self.scope.now().date())  # today is not over: it is the sync's
        if self.span.since < until:
            self.chunks.extend(Span(self.span.since, until).chunks(self.chunk_days))
        self._next_chunk()
        return ()

    async def extract(self, cursors: Cursors) -> Batch:
        """The next batch: accounts of one chunk. `cursors` are those of syncs, and stay."""
        if self.indexed and not self.waiting and not self.begun:
            self._next_chunk()
        return await super().extract({})

    async def ahead(self, client: Any, batch: Batch, cursors: Cursors) -> list[Work]:
        await self.index(client, batch, {})
        self.asked_index()
        self.chunks_left = len(self.chunks) + bool(self.waiting)
        works = list(self._all(batch))
        self.accounts_left = len(works)
        return works

    def _all(self, batch: Batch) -> Iterator[Work]:
        """The work of every account in every chunk, begun."""
        while self.waiting:
            held = self.lookup(self.scope.tenant, list(self.waiting))
            while self.waiting:
                yield self.begin_account(self.waiting.popleft(), {}, batch, held)
            self._next_chunk()

    @property
    def finished(self) -> bool:
        if self.fatal or self.stop.is_set():
            return True
        return self.indexed and not (self.chunks or self.waiting or self.begun)

    @property
    def accounts_total(self) -> int:
        return super().accounts_total + len(self.chunks) * len(self.accounts)

    def begin(self, account_id: str, cursors: Cursors) -> Work:
        work = ChunkWork(
            account_id=account_id,
            scope=self.scope,
            cursors={},
            finish=self._finish,
            span=self.chunk,
            streams=self.due[account_id],
        )
        self.fill(work)
        return work

    def _next_chunk(self) -> None:
        """Go on to the newest chunk of which anything is left to ask."""
        while self.chunks and not self.waiting:
            self.chunk = self.chunks.popleft()
            filled = self.done(self.scope.tenant, self.chunk)
            due = {each: self._due(each, filled) for each in self.accounts}
            self.due = {each: streams for each, streams in due.items() if streams}
            self.waiting.extend(self.due)

    def _due(self, account_id: str, filled: dict[tuple[str, str], list[Span]]) -> tuple[str, ...]:
        if not self.may_hold(account_id, self.chunk):
            return ()
        return tuple(
            stream
            for stream in self.streams
            if self.scope.asks(stream)
            and (account_id, stream) not in self.given_up
            and not self.chunk.covered_by(filled.get((account_id, stream), ()))
        )

    def _finish(self, work: Any, batch: Batch, held: Held) -> None:
        for stream in work.streams:
            outcome, tally = work.outcome(stream), self.scope.notes.tally(stream)
            if outcome.failures:  # not again in this run: older chunks would fail alike
                self.given_up.add((work.account_id, stream))
                tally.accounts_failed += 1
            elif outcome.refusal or stream in work.resting or not self.scope.asks(stream):
                tally.accounts_skipped += 1
            else:
                tally.accounts_ok += 1
                self._remember(work, stream, batch)

    def _remember(self, work: ChunkWork, stream: str, batch: Batch) -> None:
        if stream in work.held_back or work.outcome(stream).rejected:
            return  # asked again, and landed when the provider serves them right
        row = {"account_id": work.account_id, "stream": stream, "rows": work.outcome(stream).rows}
        span = {"since": work.span.since, "until": work.span.until}
        base = {"tenant": batch.tenant, "run_id": batch.run_id, "fetched_at": work.now()}
        batch.put(BACKFILL_CHUNKS, base | row | span)


def spans_of(rows: Iterable[tuple[str, str, date, date]]) -> dict[tuple[str, str], list[Span]]:
    """Spans by account and stream, out of rows of `backfill_chunks`."""
    found: dict[tuple[str, str], list[Span]] = {}
    for account_id, stream, since, until in rows:
        found.setdefault((account_id, stream), []).append(Span(since, until))
    return found

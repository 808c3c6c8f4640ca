"""The plan of a run, made by looking as the run would look: nothing of it is loaded.

What tells how much there is to do is asked: of an ordinary portfolio of every account, of a large
one of a sample. So are a few of the walks that nobody knows the length of. Nothing that costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import inf
from random import Random
from typing import Any, TypeVar

from ..http.client import HttpClient
from ..http.errors import Fatal, NotInPlan, ProviderError
from ..http.tally import counted
from ..landing.batch import Batch
from ..landing.held import Held
from .fan_out import fan_out
from .plan import SAMPLE, Cost, Plan
from .run import Cursors, Run
from .work import Piece, Work

T = TypeVar("T")

# A plan must not take longer than it is worth: minutes, before a first sync that takes an hour.
_ACCOUNTS = 120
_REQUESTS_OF_A_SAMPLE = 240


@dataclass(frozen=True)
class Foreseen:
    """The plan, and what was met while it was made: rows that nobody loads."""

    plan: Plan
    met: Batch


async def foresee(run: Run, cursors: Cursors) -> Foreseen:
    """What the run would ask now. Raises Fatal."""
    batch = Batch(run.scope.tenant, run.scope.run_id, run.tables, run.scope.privacy)
    async with HttpClient(run.scope.connection) as http:
        client = run.client(http)
        works = await run.ahead(client, batch, cursors)
        await _Foresight(run, client, batch, cursors).of(works)
    return Foreseen(run.plan, batch)


@dataclass
class _Foresight:
    """Looks at the work of one run; `batch` gets what it meets."""

    run: Run
    client: Any
    batch: Batch
    cursors: Cursors

    async def of(self, works: Sequence[Work]) -> None:
        """Put into the run's plan what the works, and then the owner's, would ask."""
        plain = [work for work in works if not _telling(work)]
        telling = [work for work in works if _telling(work)]
        looked = some(telling, _ACCOUNTS)
        await self._look(looked, len(telling) / max(1, len(looked)))
        self._expect(plain)
        if owner := self.run.begin_owner(self.cursors):
            await self._look([owner])
            plain.append(owner)
        await self._sample([piece for work in (*plain, *looked) for piece in work.pieces])

    async def _look(self, works: Sequence[Work], times: float = 1.0) -> None:
        """Do what tells, which the sync will ask again; then expect what it told."""
        owners = [work.account_id for work in works if work.account_id]
        held = self.run.lookup(self.run.scope.tenant, owners)
        looking = _Looking(self, held, lambda: next(_taken(works), None))
        for piece, requests in await looking.all():
            self.run.plan.add(piece.stream, Cost(requests, requests), times)
        self._expect(works, times)

    def _expect(self, works: Iterable[Work], times: float = 1.0) -> None:
        for work in works:
            for piece in work.pieces:
                self.run.plan.add(piece.stream, piece.cost, times)
            for stream, cost in self.run.afterwards(work):
                self.run.plan.add(stream, cost, times)

    async def _sample(self, pieces: Sequence[Piece]) -> None:
        unknown = [piece for piece in pieces if piece.cost.unknown]
        for stream in dict.fromkeys(piece.stream for piece in unknown):
            chosen = some([piece for piece in unknown if piece.stream == stream], SAMPLE)
            owners = sorted({piece.work.account_id or "" for piece in chosen})
            held, waiting = self.run.lookup(self.run.scope.tenant, owners), iter(chosen)
            sampling = _Looking(self, held, partial(next, waiting, None), _REQUESTS_OF_A_SAMPLE)
            for piece, requests in await sampling.all():
                self.run.plan.of(piece.stream).measured(requests)


@dataclass
class _Looking:
    """Pieces that are done for what they tell; how many requests each took."""

    foresight: _Foresight
    held: Held
    next: Callable[[], Piece | None]
    most: float = inf
    asked: list[tuple[Piece, int]] = field(default_factory=list)
    stopping: bool = False

    @property
    def closed(self) -> bool:
        return sum(requests for _, requests in self.asked) >= self.most

    async def all(self) -> list[tuple[Piece, int]]:
        """Raises Fatal."""
        await fan_out(self, self._do, self.foresight.run.scope.connection.concurrency)
        return self.asked

    async def _do(self, piece: Piece) -> None:
        foresight = self.foresight
        with counted() as tally:
            rows = foresight.batch.piece()
            try:
                await piece.do(foresight.client, rows, self.held)
            except Fatal:
                raise
            except NotInPlan as error:
                piece.work.refused(piece, error, foresight.batch)
            except ProviderError:
                pass  # the sync will say it
            else:
                foresight.batch.take(rows)
                if piece.proves:
                    foresight.run.scope.gates[piece.stream].grant()
        self.asked.append((piece, tally.requests))


def _telling(work: Work) -> bool:
    return any(piece.tells for piece in work.pieces)


def _taken(works: Iterable[Work]) -> Iterator[Piece]:
    """Pieces that tell, taken out of the work."""
    for work in works:
        for piece in [piece for piece in work.pieces if piece.tells]:
            work.pieces.remove(piece)
            yield piece


def some(items: Sequence[T], count: int) -> list[T]:
    """So many of them, by lot, though the same each time; all when there are no more."""
    return Random(0).sample(items, min(count, len(items)))  # noqa: S311  (no secret)

"""Genviral's past: daily figures of a range of days, and the posts published in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

from ..extraction.backfill import Backfill, ChunkWork
from ..extraction.plan import A_WALK, ONE_REQUEST
from ..extraction.series_gaps import note_gaps
from ..http.client import HttpClient
from ..landing.batch import Batch
from ..landing.held import Held
from .client import GenviralClient, Window
from .portfolio import Targets, list_targets
from .post_walk import walk_posts
from .run import target_work
from .scope import Scope
from .tables import TABLES
from .target import land_posts, land_series
from .target_work import TargetWork


@dataclass(kw_only=True)
class GenviralBackfill(Backfill):
    """What is kept besides: the targets as listed."""

    tables = TABLES
    streams = ("daily_series", "posts")

    scope: Scope
    targets: Targets = field(default_factory=Targets)

    def client(self, http: HttpClient) -> GenviralClient:
        return GenviralClient(http)

    async def known_accounts(self, client: GenviralClient, batch: Batch) -> Iterable[str]:
        """The targets as listed now. One request."""
        self.scope.open_gates(None, batch)
        if found := await list_targets(client, self.scope, batch):
            self.targets = found
        return self.targets.rows

    def fill(self, work: ChunkWork) -> None:
        target = target_work(work.account_id, self.targets, self.scope, {})
        readers = {"daily_series": (_read_series, ONE_REQUEST), "posts": (_read_posts, A_WALK)}
        for stream in work.streams:
            read, cost = readers[stream]
            work.add(stream, partial(read, work, target), cost=cost)


async def _read_series(
    work: ChunkWork, target: TargetWork, client: GenviralClient, rows: Batch, held: Held
) -> None:
    summary = await client.get_summary(work.account_id, _window(work))
    days, rejected = land_series(target, summary, rows, held)
    if days and not rejected:
        since, last = work.span.since, work.span.last_day
        note_gaps(rows, held, work.account_id, since, last, days, work.now())


async def _read_posts(
    work: ChunkWork, target: TargetWork, client: GenviralClient, rows: Batch, held: Held
) -> None:
    ask = partial(client.list_posts, work.account_id)
    listing = await walk_posts(ask, _window(work), work.span.last_day)
    land_posts(target, listing, rows, held, everything=False)
    if not listing.ended:
        work.held_back.add("posts")


def _window(work: ChunkWork) -> Window:
    return Window(work.span.since, work.span.last_day)

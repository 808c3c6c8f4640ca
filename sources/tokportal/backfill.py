"""TokPortal's past: daily figures and raw snapshots of a range of days.

Which posts there are is taken from the warehouse, where syncs brought them: asking every drilldown
again would tell nothing about the past. A chunk before an account's birth or a post's publication,
or after a post's last observation, is not asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from ..extraction.backfill import Backfill, ChunkWork, Span
from ..extraction.plan import A_WALK, ONE_REQUEST, Cost
from ..extraction.series_gaps import note_gaps
from ..extraction.table_reader import narrowed
from ..http.client import HttpClient
from ..http.errors import Fatal, NoDataYet, ProviderError
from ..landing.batch import Batch
from ..landing.held import Held
from ..landing.outcomes import BACKFILL_CHUNKS, SERIES_GAPS
from ..landing.outcomes import TABLES as OUTCOMES
from ..landing.rows import first
from ..landing.tables import Table
from .client import TokPortalClient
from .drilldown import DrilldownReader
from .raw_history import land_raw
from .raw_walk import walk_raw
from .scope import Scope
from .series import BEFORE_BIRTH, Points, SeriesRange, read_days, read_first
from .tables import (
    ACCOUNT_RAW_SNAPSHOTS,
    ACCOUNT_SNAPSHOTS,
    ACCOUNTS,
    DAILY_SERIES,
    POST_RAW_SNAPSHOTS,
    POST_SNAPSHOTS,
    SERIES_METRICS,
    TRACKED_POSTS,
)

Row = dict[str, Any]

_ACCOUNTS = narrowed(ACCOUNTS, "created_at", "removed_at")
_POSTS = narrowed(
    TRACKED_POSTS, "account_id", "published_at", "captured_at", "removed_at", "legacy_id"
)
_NOTHING = Cost(0, 0)
_A_DAY = timedelta(days=1)  # how far a provider's own clocks may be apart
_AROUND = timedelta(minutes=1)  # windows are asked a little wider than they are


@dataclass(kw_only=True)
class TokPortalBackfill(Backfill):
    """What is kept besides: when each account was born, as far as the listing said."""

    # Only those it can fill: dlt takes its time for each, at every batch.
    tables = (
        DAILY_SERIES,
        *(ACCOUNT_RAW_SNAPSHOTS, ACCOUNT_SNAPSHOTS),
        *(POST_RAW_SNAPSHOTS, POST_SNAPSHOTS),
        BACKFILL_CHUNKS,
        SERIES_GAPS,
        *OUTCOMES,
    )
    streams = ("daily_series", "account_raw_snapshots", "post_raw_snapshots")

    scope: Scope
    born: dict[str, datetime | None] = field(default_factory=dict)

    def client(self, http: HttpClient) -> TokPortalClient:
        return TokPortalClient(http)

    async def known_accounts(self, client: TokPortalClient, batch: Batch) -> list[str]:
        """Those that syncs brought, and that are still listed. One request: the contract."""
        self.scope.open_gates(await _access_level(client), batch)
        stored = self.lookup(self.scope.tenant, []).whole(_ACCOUNTS)
        for (account_id,), account in sorted(stored.items()):
            if account.row["removed_at"] is None:
                self.born[account_id] = account.row["created_at"]
        return list(self.born)

    def may_hold(self, account_id: str, span: Span) -> bool:
        born = self.born[account_id]
        return born is None or born - BEFORE_BIRTH < span.end

    def fill(self, work: ChunkWork) -> None:
        for stream in work.streams:
            read, cost = _READERS[stream]
            work.add(stream, partial(read, work), cost=cost, tells=cost is not A_WALK)


async def _access_level(client: TokPortalClient) -> str | None:
    try:
        level = first(await client.get_contract(), "access.level", "accessLevel", "access_level")
    except Fatal:
        raise
    except ProviderError:
        return None
    return level.lower() if isinstance(level, str) else None


async def _read_series(work: ChunkWork, client: TokPortalClient, rows: Batch, held: Held) -> None:
    """The first metric tells whether there are any of these days, and only then is the rest
    asked."""
    asked = SeriesRange(SERIES_METRICS, work.span.since, work.span.last_day)
    points = await read_first(work.account_id, asked, client)
    rest = replace(asked, metrics=asked.metrics[1:])
    if points:
        cost = Cost(len(rest.metrics), len(rest.metrics))
        work.add("daily_series", partial(_read_rest, work, rest, points), cost=cost)


async def _read_rest(
    work: ChunkWork,
    asked: SeriesRange,
    points: Points,
    client: TokPortalClient,
    rows: Batch,
    held: Held,
) -> None:
    await read_days(work.account_id, asked, points, client)
    stored = held.since(DAILY_SERIES, work.account_id, work.span.since, work.span.until)
    reader = DrilldownReader(work.account_id, rows, held, work.now())
    reader.series(list(points.values()), stored=stored)
    if not reader.result.series_rejected:
        days = {row.row["date"] for row in stored.values()} | reader.result.series_days
        since, last = work.span.since, work.span.last_day
        note_gaps(rows, held, work.account_id, since, last, days, work.now())


async def _read_account_raw(
    work: ChunkWork, client: TokPortalClient, rows: Batch, held: Held
) -> None:
    known = {"account_id": work.account_id}
    ask = partial(client.list_account_raw, work.account_id)
    tables = ACCOUNT_RAW_SNAPSHOTS, ACCOUNT_SNAPSHOTS
    await _read_raw(work, ask, tables, known, rows, held)


async def _plan_posts(work: ChunkWork, client: TokPortalClient, rows: Batch, held: Held) -> None:
    """A piece per post that can have been measured in the chunk; no request."""
    for (post_id,), stored in sorted(held.of(_POSTS, work.account_id).items()):
        if measured_in(work.span, stored.row):
            read = partial(_read_post_raw, work, post_id)
            work.add("post_raw_snapshots", read, post_id, cost=A_WALK)


def measured_in(span: Span, post: Row) -> bool:
    """Whether a post can have raw snapshots of these days."""
    if post["removed_at"] is not None or post["legacy_id"] == post["tracked_post_id"]:
        return False  # gone, or of the first generation, which has no raw history
    published, seen = post["published_at"], post["captured_at"]
    unborn = published is not None and published - _A_DAY >= span.end
    over = seen is not None and seen + _A_DAY < span.start
    return not (unborn or over)


async def _read_post_raw(
    work: ChunkWork, post_id: str, client: TokPortalClient, rows: Batch, held: Held
) -> None:
    known = {"account_id": work.account_id, "tracked_post_id": post_id}
    ask = partial(client.list_post_raw, post_id)
    tables = POST_RAW_SNAPSHOTS, POST_SNAPSHOTS
    await _read_raw(work, ask, tables, known, rows, held)


async def _read_raw(
    work: ChunkWork,
    ask: Any,
    tables: tuple[Table, Table],
    known: Row,
    rows: Batch,
    held: Held,
) -> None:
    """Raw snapshots of the chunk, and the observation in each, completed from what is held."""
    start, end = work.span.start, work.span.end
    try:
        raw = await walk_raw(ask, start, None, end)
    except NoDataYet:
        return  # nothing was stored then
    found = held.since(tables[1], work.account_id, start - _AROUND, end + _AROUND) if raw else {}
    shown = {key: stored.row for key, stored in found.items()}
    land_raw(work, raw, rows, *tables, known, shown)


_READERS = {
    "daily_series": (_read_series, ONE_REQUEST),
    "account_raw_snapshots": (_read_account_raw, A_WALK),
    "post_raw_snapshots": (_plan_posts, _NOTHING),
}

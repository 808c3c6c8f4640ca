"""Posts made through Genviral. There is no cursor: windows of time, none of them full, are joined.

What `since` and `until` are compared with is not documented (made, scheduled or published), so the
span reaches into the future, where scheduled posts are, and all is read again every few days.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ..extraction.offered import offered
from ..extraction.table_reader import TableReader
from ..extraction.work import Work
from ..http.errors import WalkError
from ..landing.batch import Batch
from ..landing.days import from_param, is_time, iso, parse
from ..landing.held import Held
from ..landing.platform_ids import platform_post_id
from ..landing.rows import first, identifier
from ..landing.values import Unusable, timestamp
from .client import PAGE, GenviralClient
from .tables import PUBLISHED_POST_ACCOUNTS, PUBLISHED_POSTS

Row = dict[str, Any]
Span = tuple[datetime, datetime]

_AHEAD = timedelta(days=400)
_MOVING = timedelta(days=30)  # how long the status of a post is watched at every sync
_NARROWEST = timedelta(seconds=2)
_BEGINNING = datetime(2015, 1, 1, tzinfo=UTC)
_SPARSE = 30  # posts in a window; with fewer the next one is twice as wide


async def read_published(work: Work, client: GenviralClient, rows: Batch, held: Held) -> None:
    """All posts, or those of the last weeks when all were read a few days ago."""
    span = _span(work)
    found = await _read(client, span, work.now())
    rows.served += len(found)
    posts = TableReader(PUBLISHED_POSTS, rows, work.now(), held.whole(PUBLISHED_POSTS))
    states = TableReader(
        PUBLISHED_POST_ACCOUNTS, rows, work.now(), held.whole(PUBLISHED_POST_ACCOUNTS)
    )
    for raw in found:
        if row := posts.put(raw):
            _put_states(states, row["post_id"], raw)
    work.scope.notes.complete(
        rows,
        work.now(),
        "published_posts",
        "proven",
        f"every window has fewer than {PAGE} posts",
        landed=len(found),
    )
    if span is None:
        work.moved["published_posts"] = {"full_at": iso(work.now())}


def _span(work: Work) -> Span | None:
    """None: everything."""
    options, now = work.scope.options, work.now()
    full_at = parse((work.cursors.get("published_posts") or {}).get("full_at"))
    if is_time(full_at, timedelta(days=options.full_reread_days), now):
        return None
    return now - _MOVING, now + _AHEAD


async def _read(client: GenviralClient, span: Span | None, now: datetime) -> list[Row]:
    """One request where that is enough, else windows from the future back to the start."""
    rows = await offered(client.list_published(_params(span)))
    if len(rows) < PAGE:
        return rows
    since, until = span or (_BEGINNING, now + _AHEAD)
    made = [moment for row in rows if (moment := _made(row)) and moment < now]
    low, width = now, max(now - min(made, default=now), _NARROWEST)
    found: dict[str, Row] = {}
    while until > since:
        page = await offered(client.list_published(_params((low, until))))
        if len(page) >= PAGE:
            width = (until - low) / 2
            if width < _NARROWEST:
                raise WalkError(f"{PAGE} posts or more within seconds of {low:%Y-%m-%d %H:%M:%S}Z")
        else:
            found |= {identifier(raw, "post_id", "id") or repr(raw): raw for raw in page}
            until = low
            width *= 2 if len(page) < _SPARSE else 1
        low = max(since, until - width)
    return list(found.values())


def _made(row: Row) -> datetime | None:
    try:
        return timestamp(first(row, "created_at"))
    except Unusable:
        return None


def _params(span: Span | None) -> list[tuple[str, str]]:
    return [("since", from_param(span[0])), ("until", from_param(span[1]))] if span else []


def _put_states(reader: TableReader, post_id: str, raw: Row) -> None:
    states = first(raw, "accounts.states")
    for state in states if isinstance(states, list) else []:
        row = reader.read(state, {"post_id": post_id})
        if row is not None:
            row["platform_post_id"] = platform_post_id(row["published_url"])
            reader.put_row(row)

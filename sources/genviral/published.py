"""Posts made through Genviral. There is no cursor: windows of time, none of them full, are joined.

What `since` and `until` are compared with is not documented (made, scheduled or published), so the
span reaches into the future, where scheduled posts are. Every answer states in `summary.total` how
many posts there are in its window. Between two full readings the newest posts and the last weeks
are read; where the total of all posts then is not what is known of them, all is read again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ..extraction.offered import offered
from ..extraction.proof import Proof, prove, prove_listing
from ..extraction.removal import back_with
from ..extraction.table_reader import TableReader
from ..extraction.work import Work
from ..http.errors import WalkError
from ..http.pagination import Listing, read_whole_list
from ..landing.batch import Batch
from ..landing.days import from_param, is_time, iso, parse
from ..landing.held import Held, Key, Stored
from ..landing.platform_ids import platform_post_id
from ..landing.rows import first, identifier
from ..landing.values import Unusable, timestamp
from .client import ACCOUNT_ID, PAGE, GenviralClient
from .tables import PUBLISHED_POST_ACCOUNTS, PUBLISHED_POSTS

Row = dict[str, Any]
Span = tuple[datetime, datetime]

_AHEAD = timedelta(days=400)
_MOVING = timedelta(days=30)  # how long the status of a post is watched at every sync
_NARROWEST = timedelta(seconds=2)
_BEGINNING = datetime(2015, 1, 1, tzinfo=UTC)
_SPARSE = 30  # posts in a window; with fewer the next one is twice as wide


@dataclass
class _Found:
    """Posts by id over several windows, and whether each window was as long as its total."""

    rows: dict[str, Row] = field(default_factory=dict)
    ended: bool = True
    total_unread: bool = False

    def take(self, page: Listing) -> None:
        """Add a window that was not full."""
        self.add(page)
        self.ended &= page.ended
        self.total_unread |= page.total_unread

    def add(self, page: Listing) -> None:
        """Add posts of a window that may be full."""
        self.rows |= page.rows
        self.rows |= {f"nameless {row!r}": row for row in page.nameless}


async def read_published(work: Work, client: GenviralClient, rows: Batch, held: Held) -> None:
    """All posts, or the newest and those of the last weeks when all were read a few days ago and
    their number is still the one that the provider states."""
    now = work.now()
    posts = TableReader(PUBLISHED_POSTS, rows, now, held.whole(PUBLISHED_POSTS))
    first_page = await offered(client.list_published(()))
    found, everything = _Found(), first_page.found < PAGE
    if everything:
        found.take(first_page)
    else:
        found.add(first_page)
        if not _full_reading_is_due(work):
            await _read_windows(client, found, (now - _MOVING, now + _AHEAD), first_page, now)
        everything = _full_reading_is_due(work) or not _fits(work, posts, found, first_page.total)
        if everything:
            found = _Found()
            await _read_windows(client, found, (_BEGINNING, now + _AHEAD), first_page, now)
    rows.served += len(found.rows)
    read = [(raw, posts.put(raw)) for raw in found.rows.values()]
    proof = _prove(posts, found, first_page, everything=everything)
    posts.conclude(proof, held, everything=everything)
    states = _States(posts, held)
    for raw, row in read:
        if row is not None:
            states.put(row["post_id"], raw)
    equation = "distinct ids in the table = summary.total"
    work.scope.notes.complete(rows, now, "published_posts", proof, equation)
    if everything and not posts.rejected:
        off = (first_page.total or 0) - len(posts.landed)
        work.moved["published_posts"] = {"full_at": iso(now), "off": off}


def _full_reading_is_due(work: Work) -> bool:
    full_at = parse((work.cursors.get("published_posts") or {}).get("full_at"))
    return is_time(full_at, timedelta(days=work.scope.options.full_reread_days), work.now())


def _fits(work: Work, posts: TableReader, found: _Found, total: int | None) -> bool:
    """Whether the posts that are known are as many as the provider states, or as far off as after
    the last full reading: what did not help then is not done at every sync."""
    if total is None:
        return True
    there = {key for (key,), stored in posts.stored.items() if stored.row["removed_at"] is None}
    cursor: Row = work.cursors.get("published_posts") or {}
    return bool(total - len(there | found.rows.keys()) == cursor.get("off", 0))


def _prove(posts: TableReader, found: _Found, first_page: Listing, *, everything: bool) -> Proof:
    """The posts in the table against the total of all posts: those of a full reading, or those that
    were known and those that a partial reading added."""
    landed = set(posts.landed)
    if not everything:
        landed |= {key for key, each in posts.stored.items() if each.row["removed_at"] is None}
    return prove(
        len(landed),
        expected=first_page.total,
        rejected=posts.rejected,
        ended=found.ended,
        counted=first_page.total is not None and not found.total_unread,
    )


async def _read_windows(
    client: GenviralClient, found: _Found, span: Span, first_page: Listing, now: datetime
) -> None:
    """Windows from the future back to the start of the span, each with fewer posts than a page.
    `first_page` tells how close together the newest posts lie."""
    since, until = span
    made = [moment for row in first_page.rows.values() if (moment := _made(row)) and moment < now]
    low, width = now, max(now - min(made, default=now), _NARROWEST)
    while until > since:
        page = await offered(client.list_published(_params((low, until))))
        if page.found >= PAGE:
            width = (until - low) / 2
            if width < _NARROWEST:
                raise WalkError(f"{PAGE} posts or more within seconds of {low:%Y-%m-%d %H:%M:%S}Z")
        else:
            found.take(page)
            until = low
            width *= 2 if page.found < _SPARSE else 1
        low = max(since, until - width)


def _made(row: Row) -> datetime | None:
    try:
        return timestamp(first(row, "created_at"))
    except Unusable:
        return None


def _params(span: Span) -> list[tuple[str, str]]:
    return [("since", from_param(span[0])), ("until", from_param(span[1]))]


class _States:
    """How posts stand on the accounts that they go to. `posts` has read them."""

    def __init__(self, posts: TableReader, held: Held) -> None:
        self._posts, self._held = posts, held
        self._stored: dict[str, dict[Key, Stored]] = {}
        for key, stored in held.whole(PUBLISHED_POST_ACCOUNTS).items():
            self._stored.setdefault(key[0], {})[key] = stored

    def put(self, post_id: str, raw: Row) -> None:
        """The states of one post, as many as it says there are."""
        said = first(raw, "accounts.states")
        posts = self._posts
        stored = back_with(posts.stored.get((post_id,)), self._stored.get(post_id, {}))
        reader = TableReader(PUBLISHED_POST_ACCOUNTS, posts.batch, posts.now, stored)
        if said is not None and not isinstance(said, list):
            reader.reject("accounts.states: not a list", raw)
        states = said if isinstance(said, list) else []
        listing = read_whole_list(raw.get("accounts"), states, _account_of)
        for state in (*listing.rows.values(), *listing.nameless):
            if (row := reader.read(state, {"post_id": post_id})) is not None:
                row["platform_post_id"] = platform_post_id(row["published_url"])
                reader.put_row(row)
        proof = prove_listing(
            listing, len(reader.landed), reader.rejected, withheld=reader.withheld
        )
        reader.conclude(proof, self._held, everything=isinstance(said, list))


def _account_of(state: Any) -> str | None:
    return identifier(state, *ACCOUNT_ID)

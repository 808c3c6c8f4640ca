"""The histories behind an account: raw snapshots, comments, older days; and how they settle."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from ..http.errors import NoDataYet, Skippable
from ..landing.batch import Batch
from ..landing.changes import carried, differs, filled
from ..landing.days import iso, parse
from ..landing.held import Held, Key
from ..landing.outcomes import SYNC_ACCOUNT_STATUS
from ..landing.rows import Reader, Reject, first, identifier
from ..landing.tables import Table
from .client import COMMENT_LIMIT, POST_ID, TokPortalClient
from .drilldown import DrilldownReader
from .marks import RawMark
from .raw_walk import row_id, walk_raw
from .series import SeriesRange
from .tables import (
    ACCOUNT_RAW_SNAPSHOTS,
    ACCOUNT_SNAPSHOTS,
    COMMENTS,
    POST_MARKS,
    POST_RAW_SNAPSHOTS,
    POST_SNAPSHOTS,
    TRACKED_POSTS,
)

if TYPE_CHECKING:
    from .account import AccountWork, PostWork

Row = dict[str, Any]


class FutureCursor(Skippable):
    """A stored cursor lies in the future: following it would skip data."""

    code = "cursor_in_future"
    remedy = "`social sync --full-refresh --accounts <id>` reads the account again from the start."


def may_be_capped(work: AccountWork, posts: list[Any], stated: int | None, held: Held) -> bool:
    """Whether the drilldown may show fewer posts than there are, and it is worth asking."""
    if stated is not None and stated <= len(posts):
        return False
    known = work.cursors.get("listing") or {}
    if stated is not None:
        return known.get("stated") != stated or known.get("found") != len(posts)
    listed = {identifier(post, *POST_ID) for post in posts}
    live = (
        k for (k,), s in held.of(TRACKED_POSTS, work.account_id).items() if not s.row["removed_at"]
    )
    return any(post_id not in listed for post_id in live)


def account_mark(cursor: Row | None) -> RawMark:
    """The account's raw mark out of its cursor in dlt's state."""
    cursor = cursor or {}
    return RawMark(
        parse(cursor.get("observed_at")),
        parse(cursor.get("raw_through")),
        cursor.get("raw_per_day"),
        parse(cursor.get("unseen_since")),
    )


def _cursor(mark: RawMark) -> Row:
    return {
        k: iso(v) if isinstance(v, datetime) else v for k, v in vars(mark).items() if v is not None
    }


async def read_account_raw(
    work: AccountWork, client: TokPortalClient, rows: Batch, held: Held
) -> None:
    """All raw snapshots of the account since its mark."""
    assert work.raw_mark is not None
    assert work.drilldown is not None
    ask = partial(client.list_account_raw, work.account_id)
    observed = work.drilldown.observed_at
    raw = await _walk(work, ask, work.raw_mark, observed)
    known = {"account_id": work.account_id}
    stored: dict[Key, Row] = {}
    if raw and held.of(ACCOUNT_SNAPSHOTS, work.account_id):
        since = work.raw_mark.raw_through or _start(work)
        found = held.since(ACCOUNT_SNAPSHOTS, work.account_id, since)
        stored = {key: snapshot.row for key, snapshot in found.items()}
    captured = _land_raw(work, raw, rows, ACCOUNT_RAW_SNAPSHOTS, ACCOUNT_SNAPSHOTS, known, stored)
    work.raw_mark = work.raw_mark.asked(observed, captured, work.now())


async def read_post_raw(
    work: AccountWork, post: PostWork, client: TokPortalClient, rows: Batch, held: Held
) -> None:
    """All raw snapshots of a post since its mark."""
    seen = post.seen
    ask = partial(client.list_post_raw, seen.tracked_post_id)
    raw = await _walk(work, ask, post.raw, seen.observed_at)
    known = {"account_id": work.account_id, "tracked_post_id": seen.tracked_post_id}
    # The drilldown may have shown the same observations, now or days ago: each fills the other.
    shown = {POST_SNAPSHOTS.key_of(seen.snapshot): seen.snapshot} if seen.snapshot else {}
    if raw and seen.stored:
        since = work.stored_since or _start(work)
        found = held.since(POST_SNAPSHOTS, work.account_id, since)
        shown = {key: stored.row for key, stored in found.items()} | shown
    captured = _land_raw(work, raw, rows, POST_RAW_SNAPSHOTS, POST_SNAPSHOTS, known, shown)
    post.raw = post.raw.asked(seen.observed_at, captured, work.now())
    rows.put(POST_MARKS, post.mark | {"fetched_at": work.now()})


async def _walk(work: AccountWork, ask: Any, mark: RawMark, observed: datetime | None) -> list[Row]:
    if mark.ahead_of(work.now()):
        raise FutureCursor(f"the mark says {mark.raw_through}, the provider's clock {work.now()}")
    try:
        return await walk_raw(ask, mark.raw_through or _start(work), observed)
    except NoDataYet:
        return []  # measured, but nothing stored: the drilldown is all there is


def _start(work: AccountWork) -> datetime:
    day = work.run.options.start_date
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _land_raw(
    work: AccountWork,
    raw_rows: list[Row],
    rows: Batch,
    raw_table: Table,
    snapshot_table: Table,
    known: Row,
    shown: dict[Key, Row],
) -> list[datetime]:
    """Raw rows, and the observation in each, under its key; returns the capture times landed."""
    reader, now = Reader(raw_table, rows.tenant), work.now()
    landed: list[datetime] = []
    for raw in raw_rows:
        stray = _stray(raw, known)
        said = reader.reject(stray, raw) if stray else _read_raw(reader, raw, now, known)
        if isinstance(said, Reject):
            rows.reject(said, work.account_id, now)
            continue
        rows.repaired(raw_table, said, work.account_id)
        rows.put(raw_table, said.row)
        observation = _observation(said.row, snapshot_table)
        rows.put(
            snapshot_table, filled(observation, shown.get(snapshot_table.key_of(observation), {}))
        )
        landed.append(said.row["captured_at"])
    return landed


def _stray(raw: Any, known: Row) -> str | None:
    for name, asked in known.items():
        said = identifier(raw, name) if isinstance(raw, dict) else None
        if said is not None and said != asked:
            return f"{name}: asked for {asked}, got {said}"
    return None


def _read_raw(reader: Reader, raw: Row, now: datetime, known: Row) -> Any:
    kept = {
        name: value for name, value in raw.items() if name not in ("raw", "raw_json", "raw_payload")
    }
    known = known | {"source": str(first(raw, "source") or "unknown")}
    if identifier(raw, "id", "snapshot_id") is None:
        known["snapshot_id"] = row_id(raw)
    said = reader.read(raw, now, known, keep=kept)
    if not isinstance(said, Reject) and said.row["captured_at"] is None:
        return reader.reject("captured_at: the capture time is missing", raw)
    return said


def _observation(row: Row, table: Table) -> Row:
    """The typed observation of a raw row; its payload stays with the raw row."""
    return {column.name: row.get(column.name) for column in table.all_columns} | {"payload": None}


async def read_comments(
    work: AccountWork, post: PostWork, client: TokPortalClient, rows: Batch, held: Held
) -> None:
    """The comments that the provider serves of a post: 50 at most, and no way to more."""
    seen, now = post.seen, work.now()
    page = await client.list_comments(work.account_id, seen.tracked_post_id)
    truncated = len(page) >= COMMENT_LIMIT
    reader = Reader(COMMENTS, rows.tenant)
    stored = (
        held.where(COMMENTS, work.account_id, "tracked_post_id", seen.tracked_post_id)
        if seen.stored
        else {}
    )
    known = {
        "account_id": work.account_id,
        "tracked_post_id": seen.tracked_post_id,
        "listing_truncated": truncated,
    }
    for raw in page:
        own = known | (
            {} if identifier(raw, "comment_id", "id") else {"comment_id": _comment_key(raw, seen)}
        )
        said = reader.read(raw, now, own)
        if isinstance(said, Reject):
            rows.reject(said, work.account_id, now)
        else:
            rows.repaired(COMMENTS, said, work.account_id)
            before = stored.get(COMMENTS.key_of(said.row))
            row = carried(COMMENTS, said, before)
            if differs(COMMENTS, row, before):
                rows.put(COMMENTS, row)
    post.mark |= {"comments_through": seen.observed_at, "comment_count": seen.comment_count}
    rows.put(POST_MARKS, post.mark | {"fetched_at": now})
    work._outcome("comments").truncated += truncated


def _comment_key(raw: Any, seen: Any) -> str:
    parts = [
        seen.tracked_post_id,
        str(first(raw, "author_username", "author.username", "username") or ""),
        str(first(raw, "published_at", "created_at", "posted_at") or ""),
        str(first(raw, "text", "content") or ""),
    ]
    return "sha256:" + hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()


async def read_series(
    work: AccountWork,
    ranges: list[SeriesRange],
    client: TokPortalClient,
    rows: Batch,
    held: Held,
) -> None:
    """Older days, metric by metric; nothing more is asked when the first metric brings nothing."""
    points: dict[Any, Row] = {}
    for asked in ranges:
        got = await _points(work, client, asked, asked.metric, points)
        for metric in asked.more if got else ():
            await _points(work, client, asked, metric, points)
    DrilldownReader(work.account_id, rows, held, work.now()).series(list(points.values()))
    work.from_series = sorted(
        {m for point in points.values() for m, v in point.items() if v is not None and m != "date"}
    )


async def _points(
    work: AccountWork,
    client: TokPortalClient,
    asked: SeriesRange,
    metric: str,
    points: dict[Any, Row],
) -> int:
    got = await client.get_series(
        work.account_id, metric, asked.since.isoformat(), asked.until.isoformat()
    )
    for point in got:
        owner = identifier(point, "account_id") if isinstance(point, dict) else None
        day = first(point, "date", "day", "captured_on") if isinstance(point, dict) else None
        if day is not None and owner in (None, work.account_id):
            points.setdefault(day, {"date": day})[metric] = first(point, "value", metric)
    return len(got)


# ---- settling


def settle(work: AccountWork, batch: Batch, held: Held) -> None:
    """Status rows of every stream of the account, cursors of the complete ones."""
    for stream in (
        "drilldown",
        "daily_series",
        "account_raw_snapshots",
        "post_raw_snapshots",
        "comments",
    ):
        if stream in work.run.streams:
            _settle_stream(work, stream, batch, held)


def _settle_stream(work: AccountWork, stream: str, batch: Batch, held: Held) -> None:
    outcome, now = work._outcome(stream), work.now()
    status = _status(work, stream)
    if status == "ok" and work.drilldown is not None:
        _move_cursor(work, stream)
    if stream in ("account_raw_snapshots", "post_raw_snapshots", "comments") and outcome.pieces:
        _prove(work, stream, batch, now)
    before = held.of(SYNC_ACCOUNT_STATUS, work.account_id).get((work.account_id, stream))
    failure = outcome.failures[0] if outcome.failures else outcome.refusal
    work.run.notes.status(
        batch,
        now,
        stream,
        work.account_id,
        status,
        before,
        rows=outcome.rows,
        cursor=work.cursor_of(stream),
        error=failure,
    )


def _status(work: AccountWork, stream: str) -> str:
    outcome = work._outcome(stream)
    if outcome.failures:
        return "failed"
    if outcome.refusal or not work.run.asks(stream):
        return "skipped"
    if work.drilldown is None:  # nothing else can be known without it
        return "no_data" if work._outcome("drilldown").absence else "skipped"
    return "ok"


def _move_cursor(work: AccountWork, stream: str) -> None:
    observed = work.cursor_of(stream)
    if stream == "account_raw_snapshots":
        if work.raw_mark is not None:
            work.cursors[stream] = _cursor(work.raw_mark)
    elif stream == "daily_series":
        days = work.drilldown.series_days if work.drilldown else set()
        through = min(max(days, default=work.now().date()), work.now().date())
        known = (work.cursors.get(stream) or {}).get("from_series", [])
        work.cursors[stream] = {
            "through": through.isoformat(),
            "observed_at": observed,
            "from_series": work.from_series or known,
        }
    elif observed:
        work.cursors[stream] = {"observed_at": observed}


def _prove(work: AccountWork, stream: str, batch: Batch, now: datetime) -> None:
    outcome = work._outcome(stream)
    status, equation = "proven", "the last page of every walk is shorter than its limit"
    if stream == "comments":
        equation = f"fewer than {COMMENT_LIMIT} comments for every post asked"
    if outcome.truncated:
        status = "truncated_at_source"
    if outcome.failures:
        status = "failed"
    work.run.notes.complete(
        batch, now, stream, status, equation, work.account_id, landed=outcome.rows
    )

"""Raw snapshots of an account or a post since its mark, and the observation in each of them."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from ..extraction.work import Work
from ..http.errors import NoDataYet, NotFound, Refused, Skippable
from ..landing.batch import Batch
from ..landing.changes import filled
from ..landing.days import iso, parse
from ..landing.held import Held, Key
from ..landing.rows import Reader, Reject, first, identifier
from ..landing.tables import Table
from .account_work import AccountWork, PostWork
from .client import TokPortalClient
from .marks import Landed, RawMark
from .raw_walk import captures, walk_raw
from .tables import (
    ACCOUNT_RAW_SNAPSHOTS,
    ACCOUNT_SNAPSHOTS,
    POST_MARKS,
    POST_RAW_SNAPSHOTS,
    POST_SNAPSHOTS,
    TRACKED_POSTS,
)

Row = dict[str, Any]


class FutureCursor(Skippable):
    """A stored cursor lies in the future: following it would skip data."""

    code = "cursor_in_future"
    remedy = "`social sync --full-refresh --accounts <id>` reads the account again from the start."


def from_the_future(mark: RawMark, now: datetime) -> FutureCursor | None:
    """The integrity error of a mark that lies ahead of the provider's clock."""
    if not mark.ahead_of(now):
        return None
    return FutureCursor(f"the mark says {mark.observed_at}, the provider's clock {now}")


def account_mark(cursor: Row | None) -> RawMark:
    """The account's raw mark out of its cursor in dlt's state."""
    cursor = cursor or {}
    return RawMark(
        parse(cursor.get("observed_at")),
        parse(cursor.get("raw_through")),
        cursor.get("raw_per_day"),
        parse(cursor.get("unseen_since")),
    )


def cursor_of(mark: RawMark) -> Row:
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
        since = work.raw_mark.raw_through or work.scope.start
        found = held.since(ACCOUNT_SNAPSHOTS, work.account_id, since)
        stored = {key: snapshot.row for key, snapshot in found.items()}
    landed = land_raw(work, raw, rows, ACCOUNT_RAW_SNAPSHOTS, ACCOUNT_SNAPSHOTS, known, stored)
    work.raw_mark = work.raw_mark.after(landed, observed, work.now())


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
        since = work.stored_since or work.scope.start
        found = held.since(POST_SNAPSHOTS, work.account_id, since)
        shown = {key: stored.row for key, stored in found.items()} | shown
    landed = land_raw(work, raw, rows, POST_RAW_SNAPSHOTS, POST_SNAPSHOTS, known, shown)
    if "drilldown" in work.scope.streams:
        _complete_latest(post, rows)
    post.raw = post.raw.after(landed, seen.observed_at, work.now())
    rows.put(POST_MARKS, post.mark | {"fetched_at": work.now()})


def _complete_latest(post: PostWork, rows: Batch) -> None:
    """Figures that only the raw snapshot of the newest observation has belong to the latest row
    too: a list shows fewer columns than a drilldown."""
    latest = post.seen.latest
    for observation in rows.rows(POST_SNAPSHOTS) if latest else ():
        if latest and TRACKED_POSTS.same_observation(latest, observation):
            completed = latest | {
                c.name: observation[c.name]
                for c in TRACKED_POSTS.columns
                if c.figure and latest[c.name] is None
            }
            if completed != latest:
                rows.put(TRACKED_POSTS, completed)


async def read_last_raw(
    work: AccountWork, post: PostWork, client: TokPortalClient, rows: Batch, held: Held
) -> None:
    """The same of a post that left the listing: that the provider knows it no more is no error."""
    try:
        await read_post_raw(work, post, client, rows, held)
    except (NotFound, Refused):
        post.raw = post.raw.asked(post.seen.observed_at, [], work.now())
        rows.put(POST_MARKS, post.mark | {"fetched_at": work.now()})


async def _walk(work: AccountWork, ask: Any, mark: RawMark, observed: datetime | None) -> list[Row]:
    try:
        return await walk_raw(ask, mark.raw_through or work.scope.start, observed)
    except NoDataYet:
        return []  # measured, but nothing stored: the drilldown is all there is


def land_raw(
    work: Work,
    raw_rows: list[Row],
    rows: Batch,
    raw_table: Table,
    snapshot_table: Table,
    known: Row,
    shown: dict[Key, Row],
) -> Landed:
    """Raw rows, and the observation in each, under its key."""
    reader, now, landed = rows.reader(raw_table), work.now(), Landed()
    rows.served += len(raw_rows)
    for raw in raw_rows:
        stray = _stray(raw, known)
        said = reader.reject(stray, raw) if stray else _read_raw(reader, raw, now, known)
        if isinstance(said, Reject):
            rows.reject(said, work.account_id, now)
            landed.rejected.append(next(iter(captures([raw])), None))
            continue
        rows.repaired(raw_table, said, work.account_id)
        rows.put(raw_table, said.row)
        observation = _observation(said.row, snapshot_table)
        rows.put(
            snapshot_table, filled(observation, shown.get(snapshot_table.key_of(observation), {}))
        )
        landed.captures.append(said.row["captured_at"])
    return landed


def _stray(raw: Any, known: Row) -> str | None:
    for name, asked in known.items():
        said = identifier(raw, name) if isinstance(raw, dict) else None
        if said is not None and said != asked:
            return f"{name}: asked for {asked}, got {said}"
    return None


def _read_raw(reader: Reader, raw: Any, now: datetime, known: Row) -> Any:
    if not isinstance(raw, dict):
        return reader.reject("not a JSON object", raw)
    kept = {
        name: value for name, value in raw.items() if name not in ("raw", "raw_json", "raw_payload")
    }
    known = known | {"source": str(first(raw, "source") or "unknown")}
    said = reader.read(raw, now, known, keep=kept)
    if not isinstance(said, Reject) and said.row["captured_at"] is None:
        return reader.reject("captured_at: the capture time is missing", raw)
    return said


def _observation(row: Row, table: Table) -> Row:
    """The typed observation of a raw row; its payload stays with the raw row."""
    return {column.name: row.get(column.name) for column in table.all_columns} | {"payload": None}

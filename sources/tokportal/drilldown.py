"""One account's drilldown: the provider's answer in, rows that are new or changed out.

Every row is held against what the warehouse has: same is not written again, older than stored is
kept as a snapshot and not as the latest, a post that a complete listing lacks is marked removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from ..landing.batch import Batch
from ..landing.changes import carried, differs, filled
from ..landing.held import Held, Stored
from ..landing.rows import Reader, Reject, Said, first, identifier
from ..landing.tables import Table
from ..landing.values import Unusable, timestamp
from .client import ACCOUNT_ID
from .raw_walk import CAPTURED
from .tables import (
    ACCOUNT_SNAPSHOTS,
    ACCOUNTS,
    DAILY_SERIES,
    DEMOGRAPHICS,
    POST_SNAPSHOTS,
    TRACKED_POSTS,
)

Row = dict[str, Any]

SERIES_METRICS = ("views", "likes", "comments", "shares", "followers")
DIMENSIONS = ("age", "gender", "country", "city")
_COUNTS = (
    "tracked_posts",
    "posts_tracked",
    "post_count",
    "posts_count",
    "total_posts",
    "total_videos_tracked",
)


@dataclass(frozen=True)
class SeenPost:
    """A post as the drilldown shows it now: its newest observation and its comment counter.
    `stored`: the warehouse knew it before."""

    tracked_post_id: str
    observed_at: datetime | None
    comment_count: int | None
    snapshot: Row | None
    stored: bool


@dataclass
class Drilldown:
    """What one account's drilldown came to."""

    posts: list[SeenPost] = field(default_factory=list)
    observed_at: datetime | None = None
    series_days: set[date] = field(default_factory=set)
    series_metrics: set[str] = field(default_factory=set)
    listed: int = 0


class DrilldownReader:
    """Reads one account's answers into a batch. `now` is the provider's clock; `full`: the key sees
    everything, so a null in an answer is a fact and no redaction."""

    def __init__(
        self, account_id: str, batch: Batch, held: Held, now: datetime, *, full: bool = False
    ) -> None:
        self.account_id, self.batch, self.held, self.now = account_id, batch, held, now
        self.full = full
        self.result = Drilldown()

    def _reader(self, table: Table) -> Reader:
        return Reader(table, self.batch.tenant)

    def _usable(self, table: Table, said: Said | Reject) -> Said | None:
        if isinstance(said, Reject):
            self.batch.reject(said, self.account_id, self.now)
            return None
        self.batch.repaired(table, said, self.account_id)
        return said

    def account(self, listed: Row, dashboard: Row | None, header: Any) -> None:
        """The account itself: the listing's row, completed by the dashboard's and the header's."""
        parts = {"_dashboard": dashboard, "_drilldown": header}
        composed = listed | {name: part for name, part in parts.items() if isinstance(part, dict)}
        said = self._usable(
            ACCOUNTS,
            self._reader(ACCOUNTS).read(
                composed, self.now, {"account_id": self.account_id, "removed_at": None}
            ),
        )
        if said is None:
            return
        stored = self.held.of(ACCOUNTS, self.account_id).get((self.account_id,))
        row = self._seen(carried(ACCOUNTS, said, stored, trust_nulls=self.full), said)
        if differs(ACCOUNTS, row, stored):
            self.batch.put(ACCOUNTS, row)

    def _seen(self, row: Row, said: Said) -> Row:
        return row | {
            "first_seen_at": row["first_seen_at"] or self.now,
            "last_seen_at": self.now,
            "removed_at": said.row["removed_at"],
        }

    def belongs(self, header: Any) -> bool:
        """Whether the header, where it names an account at all, names this one."""
        if not isinstance(header, dict):
            return True
        named = {
            str(header[name]) for name in (*ACCOUNT_ID, "listing_account_id") if header.get(name)
        }
        return not named or self.account_id in named

    def latest(self, body: Row) -> None:
        """The account's newest totals, as a snapshot when they are news."""
        latest = body.get("latest")
        if not isinstance(latest, dict) or not latest:
            return
        source = first(latest, "source") or first(
            body, "account.source", "account.analytics_source"
        )
        known: Row = {
            "account_id": self.account_id,
            "snapshot_id": None,
            "source": str(source or "unknown"),
        }
        dated = first(latest, *CAPTURED) is not None
        if not dated:
            known["captured_at"] = self.now  # made when we read it
        said = self._reader(ACCOUNT_SNAPSHOTS).read(latest, self.now, known)
        usable = self._usable(ACCOUNT_SNAPSHOTS, said)
        if usable is None:
            return
        newest = self.held.of(ACCOUNT_SNAPSHOTS, self.account_id)
        if not dated and (same := self._same_totals(usable.row, newest)):
            self.result.observed_at = same  # the same totals read again are no new observation
            return
        self.result.observed_at = usable.row["captured_at"]
        self._put_snapshot(ACCOUNT_SNAPSHOTS, usable, newest)

    def _same_totals(self, row: Row, newest: dict[tuple[Any, ...], Stored]) -> datetime | None:
        for stored in newest.values():
            if all(row[name] == stored.row.get(name) for name in _ACCOUNT_MEASURED):
                moment: datetime = stored.row["captured_at"]
                return moment
        return None

    def _put_snapshot(
        self, table: Table, said: Said, newest: dict[tuple[Any, ...], Stored]
    ) -> None:
        key = table.key_of(said.row)
        stored = newest.get(key)
        if stored is None and self._is_old(said.row["captured_at"], newest):
            stored = self.held.since(table, self.account_id, said.row["captured_at"]).get(key)
        row = carried(table, said, stored)
        if differs(table, row, stored):
            self.batch.put(table, row)

    def _is_old(self, captured_at: datetime, newest: dict[tuple[Any, ...], Stored]) -> bool:
        return any(captured_at <= stored.row["captured_at"] for stored in newest.values())

    def post_rows(self, rows: Iterable[Any], *, complete: bool) -> None:
        """The tracked posts; with `complete`, posts that are not among them are gone."""
        stored = self.held.of(TRACKED_POSTS, self.account_id)
        reader = self._reader(TRACKED_POSTS)
        seen: set[str] = set()
        for raw in rows:
            self.result.listed += 1
            said = self._usable(TRACKED_POSTS, self._read_post(reader, raw))
            if said is not None:
                seen.add(said.row["tracked_post_id"])
                self._post(said, stored.get((said.row["tracked_post_id"],)))
            elif (named := identifier(raw, "tracked_post_id", "id")) is not None:
                seen.add(named)  # rejected, not gone
        if complete:
            self._mark_gone(stored, seen)

    def _read_post(self, reader: Reader, raw: Any) -> Said | Reject:
        owner = identifier(raw, "account_id", "saved_account_id")
        if owner is not None and owner != self.account_id:
            return reader.reject(f"it says it belongs to account {owner}", raw)
        known = {"account_id": self.account_id, "removed_at": None}
        said = reader.read(raw, self.now, known)
        if isinstance(said, Said) and said.row["legacy_id"] is None:
            legacy = identifier(raw, "id")
            if legacy != said.row["tracked_post_id"]:
                said.row["legacy_id"] = legacy
        return said

    def _post(self, said: Said, stored: Stored | None) -> None:
        row, held = said.row, stored.row if stored else {}
        captured_at, held_at = row["captured_at"], held.get("captured_at")
        older = bool(captured_at and held_at and captured_at < held_at)
        moved = any(row[name] not in (None, held.get(name)) for name in _POST_MEASURED)
        kept = self._seen(carried(TRACKED_POSTS, said, stored, trust_nulls=self.full), said)
        if older:  # a stale copy of the provider's: history, not news
            kept = held | {"removed_at": None, "fetched_at": self.now}
        changed = differs(TRACKED_POSTS, kept, stored)
        if changed:
            self.batch.put(TRACKED_POSTS, kept)
        snapshot = self._snapshot(row, kept["source"], moved or not stored)
        if snapshot and (changed or older):
            self._put_post_snapshot(snapshot, known=older or captured_at == held_at)
        observed = max((moment for moment in (captured_at, held_at) if moment), default=None)
        if observed is None and snapshot:
            observed = self.now
        self.result.posts.append(
            SeenPost(row["tracked_post_id"], observed, row["comments"], snapshot, bool(stored))
        )

    def _snapshot(self, row: Row, source: str | None, moved: bool) -> Row | None:
        """The observation as a snapshot; one that the provider does not date was made now."""
        captured_at = row["captured_at"] or (self.now if moved else None)
        if captured_at is None:
            return None
        snapshot = {column.name: row.get(column.name) for column in POST_SNAPSHOTS.all_columns}
        return snapshot | {"captured_at": captured_at, "source": source or "unknown"}

    def _put_post_snapshot(self, snapshot: Row, *, known: bool) -> None:
        """`known`: the observation may be held already; it is then completed, never emptied."""
        stored = None
        if known:
            held = self.held.since(POST_SNAPSHOTS, self.account_id, snapshot["captured_at"])
            stored = held.get(POST_SNAPSHOTS.key_of(snapshot))
        row = filled(snapshot, stored.row) if stored else snapshot
        if differs(POST_SNAPSHOTS, row, stored):
            self.batch.put(POST_SNAPSHOTS, row)

    def _mark_gone(self, stored: dict[tuple[Any, ...], Stored], seen: set[str]) -> None:
        for (post_id,), held in stored.items():
            if post_id not in seen and held.row["removed_at"] is None:
                gone = {"removed_at": self.now, "fetched_at": self.now}
                self.batch.put(TRACKED_POSTS, held.row | gone)

    def series(self, points: Any, metric: str | None = None) -> None:
        """Daily points, wide or long (`{date, metric, value}`), or of one known metric."""
        stored = self.held.of(DAILY_SERIES, self.account_id)
        reader = self._reader(DAILY_SERIES)
        for point in widened(points if isinstance(points, list) else [], metric):
            said = self._usable(
                DAILY_SERIES, reader.read(point, self.now, {"account_id": self.account_id})
            )
            if said is None:
                continue
            self.result.series_days.add(said.row["date"])
            self.result.series_metrics |= {m for m in SERIES_METRICS if said.row[m] is not None}
            held = stored.get(DAILY_SERIES.key_of(said.row))
            row = carried(DAILY_SERIES, said, held)
            if differs(DAILY_SERIES, row, held):
                self.batch.put(DAILY_SERIES, row)

    def demographics(self, body: Row) -> None:
        """The audience, bucket by bucket, under the capture it belongs to."""
        audience = body.get("demographics")
        if not isinstance(audience, dict):
            return
        captured_at = first(audience, "captured_at", "scraped_at", "snapshot_at")
        when = self._audience_time(captured_at)
        stored = self.held.of(DEMOGRAPHICS, self.account_id)
        reader = self._reader(DEMOGRAPHICS)
        for dimension, bucket in _buckets(audience):
            known = {
                "account_id": self.account_id,
                "captured_at": when,
                "dimension": dimension,
                "unit": first(bucket, "unit") if isinstance(bucket, dict) else None,
            }
            known["unit"] = known["unit"] or first(audience, "unit") or "unknown"
            said = self._usable(DEMOGRAPHICS, reader.read(bucket, self.now, known))
            if said is not None:
                held = stored.get(DEMOGRAPHICS.key_of(said.row))
                if differs(DEMOGRAPHICS, said.row, held):
                    self.batch.put(DEMOGRAPHICS, said.row)

    def _audience_time(self, said: Any) -> datetime:
        try:
            return timestamp(said)
        except Unusable:
            return self.result.observed_at or self.now


def _measured(table: Table) -> tuple[str, ...]:
    return tuple(c.name for c in table.columns if c.type in ("bigint", "double"))


_ACCOUNT_MEASURED, _POST_MEASURED = _measured(ACCOUNT_SNAPSHOTS), _measured(POST_SNAPSHOTS)


def _buckets(audience: Row) -> Iterator[tuple[str, Any]]:
    for dimension in DIMENSIONS:
        buckets = audience.get(dimension)
        if isinstance(buckets, dict):  # {"18-24": 0.3, …}
            buckets = [{"key": key, "value": value} for key, value in buckets.items()]
        for bucket in buckets if isinstance(buckets, list) else []:
            yield dimension, bucket


def widened(points: list[Any], metric: str | None = None) -> Iterator[Any]:
    """Points as one row per day. Long form is pivoted; anything else passes as it is."""
    days: dict[Any, Row] = {}
    for point in points:
        if not isinstance(point, dict) or "value" not in point:
            yield point
            continue
        name = metric or point.get("metric")
        day = first(point, "date", "day", "captured_on")
        if name in SERIES_METRICS and isinstance(day, str | int):
            days.setdefault(day, {"date": day})[name] = point["value"]
        else:
            yield point
    yield from days.values()


def stated_posts(body: Row, dashboard: Row | None) -> int | None:
    """How many posts the provider says there are; the most specific statement wins."""
    for place in (body.get("derived_stats"), dashboard, body.get("account"), body.get("latest")):
        for name in _COUNTS:
            value = place.get(name) if isinstance(place, dict) else None
            if isinstance(value, int) and not isinstance(value, bool):
                return value
    return None

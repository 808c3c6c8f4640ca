"""One account's drilldown: the provider's answer in, rows that are new or changed out.

Every row is held against what the warehouse has: same is not written again, older than stored is
kept as a snapshot and not as the latest, a post that a complete listing lacks is marked removed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from ..extraction.removal import bring_back
from ..extraction.series_gaps import note_gaps_between
from ..landing.batch import Batch
from ..landing.changes import carried, differs, mark_changes
from ..landing.held import Key, Stored
from ..landing.rows import Said, first
from ..landing.tables import Table
from ..landing.values import Unusable, timestamp
from .client import ACCOUNT_ID
from .posts import SeenPost
from .raw_walk import CAPTURED
from .reading import AccountReader, measured
from .tables import (
    ACCOUNT_INSIGHTS,
    ACCOUNT_SNAPSHOTS,
    ACCOUNTS,
    DAILY_SERIES,
    DEMOGRAPHICS,
    SERIES_METRICS,
)

Row = dict[str, Any]

DIMENSIONS = ("age", "gender", "country", "city")


@dataclass
class Drilldown:
    """What one account's drilldown came to."""

    observed_at: datetime | None = None
    source: str = "unknown"
    series_rows: dict[date, Row] = field(default_factory=dict)
    series_metrics: set[str] = field(default_factory=set)
    series_rejected: bool = False  # a day is missing because it could not be typed
    posts: list[SeenPost] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    listed: int = 0

    @property
    def series_days(self) -> set[date]:
        return set(self.series_rows)


class DrilldownReader(AccountReader):
    """Reads an account's own answers: header, totals, series, audience, insights."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.result = Drilldown()

    def account(self, listed: Row, dashboard: Row | None, header: Any) -> None:
        """The account itself: the listing's row, completed by the dashboard's and the header's."""
        parts = {"_dashboard": dashboard, "_drilldown": header}
        composed = listed | {name: part for name, part in parts.items() if isinstance(part, dict)}
        said = self.usable(
            ACCOUNTS,
            self.reader(ACCOUNTS).read(
                composed, self.now, {"account_id": self.account_id, "removed_at": None}
            ),
        )
        if said is None:
            return
        stored = self.held.of(ACCOUNTS, self.account_id).get((self.account_id,))
        row = self.seen(carried(ACCOUNTS, said, stored, trust_nulls=self.full), said)
        if differs(ACCOUNTS, row, stored):
            self.batch.put(ACCOUNTS, row)
        if stored is not None:  # its posts left with it, where it was removed
            bring_back(ACCOUNTS, [stored.row], self.batch, self.held, self.now)

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
        if not latest:
            return
        if not isinstance(latest, dict):
            self.usable(ACCOUNT_SNAPSHOTS, self.reader(ACCOUNT_SNAPSHOTS).read(latest, self.now))
            return
        source = first(latest, "source") or first(
            body, "account.source", "account.analytics_source"
        )
        self.result.source = str(source or "unknown")
        known: Row = {
            "account_id": self.account_id,
            "snapshot_id": None,
            "source": self.result.source,
        }
        dated = first(latest, *CAPTURED) is not None
        if not dated:
            known["captured_at"] = self.now  # made when we read it
        said = self.reader(ACCOUNT_SNAPSHOTS).read(latest, self.now, known)
        usable = self.usable(ACCOUNT_SNAPSHOTS, said)
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
            if all(row[name] == stored.row.get(name) for name in _MEASURED):
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

    def series(
        self, points: Any, metric: str | None = None, stored: dict[Key, Stored] | None = None
    ) -> None:
        """Daily points, wide or long (`{date, metric, value}`), or of one known metric. `stored`:
        what is held of these days, where that is not all of the account's."""
        if stored is None:
            stored = self.held.of(DAILY_SERIES, self.account_id)
        reader = self.reader(DAILY_SERIES)
        if points is not None and not isinstance(points, list):
            self.usable(DAILY_SERIES, reader.reject("not a list of points", points))
            return
        for point in widened(points or [], metric):
            said = self.usable(
                DAILY_SERIES, reader.read(point, self.now, {"account_id": self.account_id})
            )
            if said is None:
                self.result.series_rejected = True
                continue
            self.result.series_metrics |= {m for m in SERIES_METRICS if said.row[m] is not None}
            held = stored.get(DAILY_SERIES.key_of(said.row))
            row = mark_changes(DAILY_SERIES, carried(DAILY_SERIES, said, held), held, self.now)
            self.result.series_rows[said.row["date"]] = row
            if differs(DAILY_SERIES, row, held):
                self.batch.put(DAILY_SERIES, row)

    def series_gaps(
        self,
        rows: Batch,
        since: date | None = None,
        until: date | None = None,
        beside: Collection[date] = (),
    ) -> None:
        """Note in `rows` the days that the series just read lacks, between the first and the last
        day that are known; `beside`: from another answer. The range that was read is that of its
        own days, unless it is given."""
        read = self.result.series_days
        if not read or self.result.series_rejected:
            return
        stored = self.held.of(DAILY_SERIES, self.account_id).values()
        days = read | {each.row["date"] for each in stored} | set(beside)
        since, until = since or min(read), until or max(read)
        note_gaps_between(rows, self.held, self.account_id, since, until, days, self.now)

    def demographics(self, body: Row) -> None:
        """The audience, bucket by bucket, under the capture it belongs to."""
        audience = body.get("demographics")
        if not isinstance(audience, dict):
            return
        captured_at = first(audience, "captured_at", "scraped_at", "snapshot_at")
        when = self._audience_time(captured_at)
        stored = self.held.of(DEMOGRAPHICS, self.account_id)
        reader = self.reader(DEMOGRAPHICS)
        for dimension, bucket in buckets_of(audience):
            known = {
                "account_id": self.account_id,
                "captured_at": when,
                "dimension": dimension,
                "unit": first(bucket, "unit") if isinstance(bucket, dict) else None,
            }
            known["unit"] = known["unit"] or first(audience, "unit") or "unknown"
            said = self.usable(DEMOGRAPHICS, reader.read(bucket, self.now, known))
            if said is not None:
                held = stored.get(DEMOGRAPHICS.key_of(said.row))
                if differs(DEMOGRAPHICS, said.row, held):
                    self.batch.put(DEMOGRAPHICS, said.row)

    def insights(self, body: Row) -> None:
        """Derived stats and cached intelligence, once a day at most and only when they changed."""
        said = {name: body.get(name) or None for name in ("derived_stats", "intelligence")}
        if not any(said.values()):
            return
        known = {"account_id": self.account_id, "fetched_on": self.now.date()}
        usable = self.usable(
            ACCOUNT_INSIGHTS, self.reader(ACCOUNT_INSIGHTS).read(said, self.now, known)
        )
        stored = self.held.of(ACCOUNT_INSIGHTS, self.account_id).values()
        newest = max(stored, key=lambda insight: insight.row["fetched_on"], default=None)
        if usable and differs(ACCOUNT_INSIGHTS, usable.row, newest):
            self.batch.put(ACCOUNT_INSIGHTS, usable.row)

    def _audience_time(self, said: Any) -> datetime:
        try:
            return timestamp(said)
        except Unusable:
            return self.result.observed_at or self.now


_MEASURED = measured(ACCOUNT_SNAPSHOTS)


def buckets_of(audience: Row) -> Iterator[tuple[str, Any]]:
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

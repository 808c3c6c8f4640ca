"""A world small enough to be reckoned on paper: 2 accounts x 3 posts x 10 days of June 2026.

What each post was seen to have, day by day (`-`: not observed, `?`: observed, figure not said):

    post  published  views on days 1 to 10                              what it shows
    A1    June 1     100 150 200 250 300 350 400 450 500 550            every day
    A2    May 20     1000 1010 1020 - - - 1080 1090 1100 1110           a gap, and an old post
    A3    June 2     - 10 30 50 40 60 70 80 90 100                      a correction on day 5
    B1    June 1     5 10 20 40 80                                      deleted on day 6
    B2    June 3     - - 7 9 11 | 100 110 120 130 140                   from day 6 by another source
    B3    June 9     ? on day 9, 0 on day 10                            unknown, and zero

A1 has likes of a tenth of its views, one comment, no share, and saves that nobody says. Genviral
knows A1's video too, with 600 views. Tokfluence was never synced: it has no tables.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from sources import genviral, tokportal
from sources.landing.tables import Table

_ = None  # not observed
UNSAID = -1
VIEWS: dict[str, list[int | None]] = {
    "A1": [100, 150, 200, 250, 300, 350, 400, 450, 500, 550],
    "A2": [1000, 1010, 1020, _, _, _, 1080, 1090, 1100, 1110],
    "A3": [_, 10, 30, 50, 40, 60, 70, 80, 90, 100],
    "B1": [5, 10, 20, 40, 80],
    "B2": [_, _, 7, 9, 11, 100, 110, 120, 130, 140],
    "B3": [_, _, _, _, _, _, _, _, UNSAID, 0],
}
PUBLISHED = {
    "A1": datetime(2026, 6, 1, 12, tzinfo=UTC),
    "A2": datetime(2026, 5, 20, 12, tzinfo=UTC),
    "A3": datetime(2026, 6, 2, 12, tzinfo=UTC),
    "B1": datetime(2026, 6, 1, 12, tzinfo=UTC),
    "B2": datetime(2026, 6, 3, 12, tzinfo=UTC),
    "B3": datetime(2026, 6, 9, 12, tzinfo=UTC),
}
FOLLOWERS = [1000, 1010, 1020, 1030, 1025, 1035, 1045, 1055, 1065, 1075]
TABLES = {table.name: table for table in tokportal.TABLES}
GENVIRAL = {table.name: table for table in genviral.TABLES}


def at(day: int, hour: int = 18) -> datetime:
    return datetime(2026, 6, day, hour, tzinfo=UTC)


def observation(post: str, day: int, views: int | None, load: str) -> dict[str, Any]:
    """A row of post_snapshots."""
    counted = {"likes": views // 10, "comments": 1, "shares": 0} if post == "A1" and views else {}
    source = "bundle_social" if post == "B2" and day >= 6 else "apify"
    ids = {"tracked_post_id": post, "account_id": post[0], "source": source}
    return {**ids, "captured_at": at(day), "views": views, **counted, "_dlt_load_id": load}


def snapshots() -> list[dict[str, Any]]:
    return [
        observation(post, day, None if views == UNSAID else views, "1")
        for post, seen in VIEWS.items()
        for day, views in enumerate(seen, 1)
        if views is not None
    ]


def posts() -> list[dict[str, Any]]:
    return [
        {
            "tracked_post_id": post,
            "account_id": post[0],
            "platform": "tiktok",
            "platform_post_id": f"7{post}",
            "published_at": published,
            "captured_at": at(10),
            "source": "apify",
            "views": 550 if post == "A1" else None,
            "removed_at": at(6) if post == "B1" else None,
        }
        for post, published in PUBLISHED.items()
    ]


def accounts() -> list[dict[str, Any]]:
    of_a = {"account_id": "A", "country": "US", "external_ref": "acme-spring-1"}
    return [of_a, {"account_id": "B", "country": "FR"}]


def series() -> list[dict[str, Any]]:
    """Of A alone; B has two snapshots."""
    return [
        {"account_id": "A", "date": date(2026, 6, day), "followers": n, "views": 1000 * day}
        for day, n in enumerate(FOLLOWERS, 1)
    ]


def account_snapshots() -> list[dict[str, Any]]:
    return [
        {"account_id": "B", "source": "apify", "captured_at": at(day), "views": views}
        for day, views in ((1, 10), (4, 70))
    ]


def fill(warehouse: Any) -> None:
    """Everything, as a first load would leave it."""
    warehouse.prepare("tokportal", tokportal.TABLES)
    warehouse.prepare("genviral", genviral.TABLES)
    put(warehouse, "accounts", accounts())
    put(warehouse, "tracked_posts", posts())
    put(warehouse, "post_snapshots", snapshots())
    put(warehouse, "daily_series", series())
    put(warehouse, "account_snapshots", account_snapshots())
    rule = {"client": "acme", "campaign": "spring", "pattern": "acme-spring-*"}
    put(warehouse, "clients", [{"external_ref": "acme-spring-1", **rule}])
    put(warehouse, "targets", [{"target_id": "T", "platform": "tiktok"}], "genviral")
    seen = {"analytics_id": "G1", "target_id": "T", "platform": "tiktok", "views": 600}
    put(warehouse, "posts", [{**seen, "platform_post_id": "7A1"}], "genviral")
    loaded(warehouse, "1")


def put(warehouse: Any, name: str, rows: list[dict[str, Any]], schema: str = "tokportal") -> None:
    """Write rows as they would have landed."""
    table = (TABLES if schema == "tokportal" else GENVIRAL)[name]
    warehouse.put(schema, table, _arrow(table, rows))


def _arrow(table: Table, rows: list[dict[str, Any]]) -> pa.Table:
    schema = table.arrow_schema.append(pa.field("_dlt_load_id", pa.string()))
    always = {"tenant": "default", "fetched_at": at(11, 9), "_dlt_load_id": "1"}
    return pa.Table.from_pylist([always | row for row in rows], schema=schema)


def loaded(warehouse: Any, load: str) -> None:
    with warehouse.transaction() as execute:
        execute(
            "insert into tokportal._dlt_loads (load_id, status, inserted_at) values (?, 0, ?)",
            [load, at(11, 9)],
        )

"""One video as several providers see it: how far apart their figures are. No rule: their clocks
and their ways of counting differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import sources

from ..destinations import Warehouse
from .findings import INFORMATION, Finding

_JOINED_BY = {"platform", "platform_post_id"}
_METRICS = {  # our word, and theirs
    "views": ("views",),
    "likes": ("likes",),
    "comments": ("comments",),
    "shares": ("shares",),
    "saves": ("saves", "bookmarks"),
}


@dataclass(frozen=True)
class _Posts:
    provider: str
    table: str
    columns: frozenset[str]

    def column(self, metric: str) -> str | None:
        return next((name for name in _METRICS[metric] if name in self.columns), None)


def disagreements(warehouse: Warehouse) -> Iterator[Finding]:
    """Per pair of providers and metric: posts that both know, and how their figures compare."""
    for left, right in combinations(_post_tables(warehouse), 2):
        for metric in _METRICS:
            if (a := left.column(metric)) and (b := right.column(metric)):
                yield from _compared(warehouse, left, right, metric, a, b)


def _post_tables(warehouse: Warehouse) -> Iterator[_Posts]:
    """The table of posts of each provider that has one."""
    for provider in sources.names():
        there = warehouse.tables(provider)
        for table in sources.get(provider).DATA_TABLES:
            columns = frozenset(there.get(table.name, ()))
            if columns >= _JOINED_BY and "first_seen_at" in columns and "views" in columns:
                yield _Posts(provider, table.name, columns)


def _compared(
    warehouse: Warehouse, left: _Posts, right: _Posts, metric: str, a: str, b: str
) -> Iterator[Finding]:
    apart = f"abs(l.{a} - r.{b}) / cast(greatest(abs(l.{a}), abs(r.{b}), 1) as double precision)"
    sql = (
        "select count(*), count(*) filter (where apart > 0),"
        " percentile_cont(0.5) within group (order by apart), max(apart)"
        f' from (select {apart} as apart from "{left.provider}"."{left.table}" l'
        f' join "{right.provider}"."{right.table}" r on r.platform = l.platform'
        f" and r.platform_post_id = l.platform_post_id where l.{a} is not null"
        f" and r.{b} is not null) pairs"
    )
    both, differ, median, widest = warehouse.query(sql)[0]
    if not both:
        return
    pair = f"{left.provider} and {right.provider}"
    said = f"{differ:,} differ, by {median:.1%} in the middle and {widest:.1%} at most"
    yield Finding(
        left.provider, f"{metric} of posts that {pair} both know", left.table, both, [said],
        level=INFORMATION,
    )  # fmt: skip

"""Posts that other providers brought into the warehouse, for a provider that asks about posts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sources.extraction.elsewhere import Elsewhere, KnownPost
from sources.landing.batch import Batch

from .destinations import Warehouse

_NEEDED = frozenset({"platform", "platform_post_id", "url", "published_at"})


def met_posts(met: Mapping[str, Sequence[Batch]], otherwise: Elsewhere) -> Elsewhere:
    """Answers with what a plan has just met of a schema, and then with what is known otherwise."""

    def posts(schema: str) -> Iterator[KnownPost]:
        for batch in met.get(schema, ()):
            for table in batch.tables.values():
                if {column.name for column in table.all_columns} >= _NEEDED:
                    yield from _posts_of(batch.rows(table))
        yield from otherwise(schema)

    return posts


def _posts_of(rows: Iterable[dict[str, Any]]) -> Iterator[KnownPost]:
    for row in rows:
        if (row["platform"] or "").lower() == "tiktok" and row["platform_post_id"]:
            said = (row["url"], row["published_at"], row.get("comments"))
            yield KnownPost(row["platform_post_id"], *said)


def known_posts(warehouse: Warehouse) -> Elsewhere:
    """Answers with the TikTok posts of a schema: of every table that has the four columns."""

    def posts(schema: str) -> Iterator[KnownPost]:
        for table, columns in sorted(warehouse.tables(schema).items()):
            if columns >= _NEEDED:
                yield from _posts_in(warehouse, schema, table, columns)

    return posts


def _posts_in(
    warehouse: Warehouse, schema: str, table: str, columns: set[str]
) -> Iterator[KnownPost]:
    # What is gone from TikTok, or was given up, is not worth a credit.
    there = "and removed_at is null" if "removed_at" in columns else ""
    counter = "max(comments)" if "comments" in columns else "null"
    sql = (
        f"select platform_post_id, max(url), max(published_at), {counter}"
        f' from "{schema}"."{table}" where lower(platform) = ? and platform_post_id is not null'
        f" {there} group by platform_post_id order by platform_post_id"
    )
    for row in warehouse.query(sql, ["tiktok"]):
        yield KnownPost(*row)

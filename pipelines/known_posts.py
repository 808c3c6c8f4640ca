"""Posts that other providers brought into the warehouse, for a provider that asks about posts."""

from __future__ import annotations

from collections.abc import Iterator

from sources.extraction.elsewhere import Elsewhere, KnownPost

from .destinations import Warehouse

_NEEDED = frozenset({"platform", "platform_post_id", "url", "published_at"})


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
    sql = (
        "select platform_post_id, max(url), max(published_at)"
        f' from "{schema}"."{table}" where lower(platform) = ? and platform_post_id is not null'
        f" {there} group by platform_post_id order by platform_post_id"
    )
    for post_id, url, published_at in warehouse.query(sql, ["tiktok"]):
        yield KnownPost(post_id, url, published_at)

"""A post as Tokfluence has it: its row, its figures of the day, its mark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..extraction.table_reader import TableReader
from ..landing.batch import Batch
from ..landing.held import Held, Key, Stored
from ..landing.tables import Table
from .addresses import handle_in
from .known import Known
from .marks import Mark
from .scope import Scope
from .tables import POST_SNAPSHOTS, POSTS

Row = dict[str, Any]


@dataclass(frozen=True)
class PostReader:
    """Reads rows of posts, wherever they are served, into `rows`."""

    scope: Scope
    known: Known
    rows: Batch
    held: Held

    def put(self, post_id: str, raw: Any, said: str | None = None) -> Mark | None:
        """Land a post; `said` is the handle that whoever listed it gave. Returns its mark; None
        when the row had to be rejected, and then it counts as read all the same: asking again
        would bring the same row for another credit."""
        url = raw.get("url") if isinstance(raw, dict) else None
        before = self.known.handle_of(post_id, said)
        handle = handle_in(url) or said or before
        named = {"post_id": post_id, "creator_handle": handle}
        row = self._put_post(raw, named, before)
        self._put_figures(raw, named, before)
        return self._keep_mark(row, post_id, handle)

    def _put_post(self, raw: Any, named: Row, before: str) -> Row | None:
        reader = self._reader(POSTS, before)
        said = named | {"platform": "tiktok", "platform_post_id": named["post_id"]}
        return reader.put(raw, said)

    def _put_figures(self, raw: Any, named: Row, before: str) -> None:
        today = self.scope.now().date()
        self._reader(POST_SNAPSHOTS, before).put(raw, named | {"fetched_on": today})

    def _keep_mark(self, row: Row | None, post_id: str, handle: str) -> Mark | None:
        now = self.scope.now()
        mark = replace(
            self.known.marks.get(post_id) or Mark(post_id, handle),
            creator_handle=handle,
            read_at=now,
        )
        if row is not None:
            counter, published = row["comments"], row["published_at"]
            mark = replace(mark, comment_count=counter, published_at=published)
        self.known.keep(mark, self.rows, now)
        self.known.there(post_id, self.rows, now)
        return mark if row is not None else None

    def _reader(self, table: Table, before: str) -> TableReader:
        stored: Mapping[Key, Stored] = self.held.of(table, before)
        return TableReader(table, self.rows, self.scope.now(), stored, account_id=before)

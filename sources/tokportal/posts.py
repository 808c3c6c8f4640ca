"""The tracked posts of an account: new, changed, same, stale or gone, under one id for ever."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..extraction.proof import Proof
from ..extraction.removal import back_with, remove
from ..landing.changes import carried, differs, filled
from ..landing.held import Key, Stored
from ..landing.platform_ids import platform_post_id
from ..landing.rows import Reject, Said, identifier
from .reading import AccountReader, measured
from .tables import ACCOUNTS, POST_ALIASES, POST_SNAPSHOTS, TRACKED_POSTS

Row = dict[str, Any]

_MEASURED = measured(POST_SNAPSHOTS)
_SAME_POST_BY = ("legacy_id", "video_id", "platform_post_id", "url")


@dataclass(frozen=True)
class SeenPost:
    """A post as the drilldown shows it now: its newest observation and its comment counter.

    `latest`: its row of `tracked_posts`, None for a post that is not listed any more. `stored`: the
    warehouse knew it before; `gained`: the views since then. `legacy`: it has no v2 id, so no raw
    history and no comments can be asked for it.
    """

    tracked_post_id: str
    observed_at: datetime | None
    comment_count: int | None
    snapshot: Row | None
    stored: bool
    latest: Row | None = None
    legacy: bool = False
    published_at: datetime | None = None
    gained: int = 0


class PostsReader(AccountReader):
    """Reads the post rows of one account. `source` is what the account's own totals name. `landed`
    are the posts that are in the table, `rejected` counts the rows that are not."""

    def __init__(self, *args: Any, source: str = "unknown", **options: Any) -> None:
        super().__init__(*args, **options)
        self.source = source
        account = self.held.of(ACCOUNTS, self.account_id).get((self.account_id,))
        self.stored = back_with(account, self.held.of(TRACKED_POSTS, self.account_id))
        self.landed: set[str] = set()
        self.rejected = 0
        self.gone: set[str] = set()  # that the listing had and, complete, has no more
        self._index: dict[str, dict[Any, Key]] = {}

    def read(self, rows: Iterable[Any], *, legacy: bool = False) -> list[SeenPost]:
        """All rows. `legacy`: the account is served by the first generation, whose rows have an
        `id` and no tracked post."""
        posts = []
        for raw in rows:
            said = self.usable(TRACKED_POSTS, self._read_one(raw, legacy))
            if said is None:
                self.rejected += 1
                continue
            posts.append(self._post(said))
            self.landed.add(said.row["tracked_post_id"])
        return posts

    def there(self) -> int:
        """How many posts the warehouse has that are not removed."""
        return sum(stored.row["removed_at"] is None for stored in self.stored.values())

    def _read_one(self, raw: Any, legacy: bool) -> Said | Reject:
        reader = self.reader(TRACKED_POSTS)
        owner = identifier(raw, "account_id", "saved_account_id")
        if owner is not None and owner != self.account_id:
            return reader.reject(f"it says it belongs to account {owner}", raw)
        known = {"account_id": self.account_id, "removed_at": None}
        said = reader.read(raw, self.now, known)
        if isinstance(said, Said):
            row, own_id = said.row, identifier(raw, "id")
            row["platform_post_id"] = row["platform_post_id"] or platform_post_id(row["url"])
            if own_id != row["tracked_post_id"] or (legacy and not raw.get("tracked_post_id")):
                row["legacy_id"] = row["legacy_id"] or own_id
        return said

    def _known_as(self, row: Row) -> Stored | None:
        """The stored post, also when the other generation of the API named it otherwise."""
        key = (row["tracked_post_id"],)
        if key in self.stored:
            return self.stored[key]
        for name in _SAME_POST_BY:
            other = self._by(name).get(row[name]) if row[name] is not None else None
            if other is None or not (_is_legacy(row) or _is_legacy(self.stored[other].row)):
                continue  # two tracked posts of one video are two posts
            if _is_legacy(row):
                row["tracked_post_id"] = other[0]
                return self.stored[other]
            return self._renamed(other, row["tracked_post_id"])
        return None

    def _by(self, name: str) -> dict[Any, Key]:
        if name not in self._index:
            rows = self.stored.items()
            self._index[name] = {s.row[name]: key for key, s in rows if s.row[name] is not None}
        return self._index[name]

    def _renamed(self, old_key: Key, new_id: str) -> Stored:
        old = self.stored.pop(old_key)
        self._index.clear()
        alias = {"old_id": old_key[0], "tracked_post_id": new_id, "account_id": self.account_id}
        tenant = self.batch.tenant
        self.batch.put(POST_ALIASES, alias | {"tenant": tenant, "fetched_at": self.now})
        # Under its new id nothing is stored yet: the row has to be written whatever it says.
        return Stored(old.row | {"tracked_post_id": new_id}, completed=False)

    def _post(self, said: Said) -> SeenPost:
        row, stored = said.row, self._known_as(said.row)
        held = stored.row if stored else {}
        self._date(row, held)
        captured_at, held_at = row["captured_at"], held.get("captured_at")
        older = bool(captured_at and held_at and captured_at < held_at)
        kept = self.seen(carried(TRACKED_POSTS, said, stored, trust_nulls=self.full), said)
        if older:  # a stale copy of the provider's: history, not news
            kept = held | {"removed_at": None, "fetched_at": self.now}
        changed = differs(TRACKED_POSTS, kept, stored)
        if changed:
            self.batch.put(TRACKED_POSTS, kept)
        snapshot = self._snapshot(row)
        if changed or older:
            self._put_snapshot(snapshot, known=older or captured_at == held_at)
        return SeenPost(
            row["tracked_post_id"],
            max(moment for moment in (captured_at, held_at) if moment),
            row["comments"],
            snapshot,
            latest=kept,
            stored=bool(stored),
            legacy=_is_legacy(row),
            published_at=row["published_at"],
            gained=(row["views"] or 0) - (held.get("views") or 0),
        )

    def _date(self, row: Row, held: Row) -> None:
        """An observation that the provider does not date is made when its figures are first read;
        the same figures read again are the same observation."""
        if row["captured_at"] is not None:
            return
        moved = any(row[name] not in (None, held.get(name)) for name in _MEASURED)
        row["captured_at"] = self.now if moved else held.get("captured_at") or self.now

    def _snapshot(self, row: Row) -> Row:
        snapshot = {column.name: row.get(column.name) for column in POST_SNAPSHOTS.all_columns}
        return snapshot | {"source": row["source"] or self.source}

    def _put_snapshot(self, snapshot: Row, *, known: bool) -> None:
        """`known`: the observation may be held already; it is then completed, never emptied."""
        stored = None
        if known:
            held = self.held.since(POST_SNAPSHOTS, self.account_id, snapshot["captured_at"])
            stored = held.get(POST_SNAPSHOTS.key_of(snapshot))
        row = filled(snapshot, stored.row) if stored else snapshot
        if differs(POST_SNAPSHOTS, row, stored):
            self.batch.put(POST_SNAPSHOTS, row)

    def conclude(self, proof: Proof) -> None:
        """After a complete listing, posts that are not among its rows are gone."""
        if not proof.complete:
            return
        gone = [
            stored.row
            for (post_id,), stored in self.stored.items()
            if post_id not in self.landed and stored.row["removed_at"] is None
        ]
        self.gone |= {row["tracked_post_id"] for row in gone}
        remove(TRACKED_POSTS, gone, self.now, self.batch, self.held, self.now)


def _is_legacy(row: Row) -> bool:
    """A post that only the first generation of the API knows: its legacy id is its only id."""
    return row["legacy_id"] is not None and row["legacy_id"] == row["tracked_post_id"]

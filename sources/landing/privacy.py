"""Personal data that must not land: forgotten authors and accounts, dropped columns, old comments.

One `Privacy` goes with each batch. Rows pass it twice: `clean` changes a provider's row before it
is typed (so that columns, payload and comparisons agree), and `refuses` keeps a typed row out.
Names are compared by a keyed hash: the rules of a warehouse do not repeat what they erased.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .tables import Table

Row = dict[str, Any]

MASK = "[forgotten]"
AGED_BY = {"comments": "published_at", "raw": "captured_at"}  # by `Table.retention`
_NAME = re.compile(r"[\w.\-]+")
# Fields of a comment that tell who wrote it (comment pages of TokPortal and Tokfluence).
_USERNAMES = frozenset({"author_username", "authorusername", "username", "handle", "unique_id"})
_PERSONS = frozenset({"author", "user", "commenter"})
_ABOUT_PERSON = re.compile(r"(author|user|commenter|display|avatar|profile|nick).*", re.IGNORECASE)


def name_hash(salt: str, name: str) -> str:
    """The hash of a name, without regard to letter case and a leading @."""
    plain = name.strip().removeprefix("@").rstrip(".").lower()
    return hashlib.blake2b(
        plain.encode(errors="replace"), key=salt.encode()[:64], digest_size=20
    ).hexdigest()


@dataclass(frozen=True)
class Privacy:
    """What may not be stored.

    `salt` keys the hashes in `authors` and `accounts`, the forgotten ones. `author_salt`: usernames
    of comments are stored as a hash with this salt; None stores them as they are. `drop`: columns
    by table. `oldest`: by what a table keeps (`Table.retention`), the time before which no row
    lands.
    """

    salt: str = ""
    authors: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    author_salt: str | None = None
    drop: Mapping[str, frozenset[str]] = field(default_factory=dict)
    oldest: Mapping[str, datetime] = field(default_factory=dict)

    def forgets_account(self, account_id: str | None) -> bool:
        return bool(
            self.accounts and account_id and name_hash(self.salt, account_id) in self.accounts
        )

    def forgets_author(self, name: Any) -> bool:
        return (
            bool(self.authors)
            and isinstance(name, str)
            and name_hash(self.salt, name) in self.authors
        )

    def refuses(self, table: Table, row: Row) -> bool:
        """Whether a typed row must not be stored: of a forgotten account or author, or too old."""
        if self.accounts and self.forgets_account(row.get(table.account)):
            return True
        if table.retention is None:
            return False
        if table.retention == "comments" and self.forgets_author(row.get("author_username")):
            return True
        moment, oldest = row.get(AGED_BY[table.retention]), self.oldest.get(table.retention)
        return oldest is not None and moment is not None and moment < oldest

    def unlinked(self, table: Table, row: Row) -> Row:
        """The row without the id of a raw snapshot that is not kept."""
        oldest = self.oldest.get("raw")
        if (
            oldest is not None
            and "snapshot_id" in table.by_name
            and "snapshot_id" not in table.key
            and row["captured_at"] < oldest
        ):
            return row | {"snapshot_id": None}
        return row

    def clean(self, table: Table, raw: Row) -> Row:
        """The provider's row without dropped columns and without names of forgotten authors; the
        author of a comment hashed. A comment by a forgotten author stays as it is: `refuses` then
        recognizes it."""
        if table.retention == "comments" and self.by_forgotten(raw):
            return raw
        for column in self.drop.get(table.name, ()):
            for alias in table.by_name[column].aliases:
                raw = _without(raw, alias.split("."))
        if self.author_salt is not None and table.retention == "comments":
            raw = self._with_hashed_author(raw)
        return self.masked(raw) if self.authors else raw

    def hashed_author(self, name: str) -> str:
        """What is stored instead of a username. A hash is returned as it is."""
        if name.startswith("h:") or self.author_salt is None:
            return name
        return f"h:{name_hash(self.author_salt, name)}"

    def comments(self, rows: list[Any]) -> list[Any]:
        """A sample of comments inside another row, its authors hashed where they are to be."""
        if self.author_salt is None:
            return rows
        return [self._with_hashed_author(row) if isinstance(row, dict) else row for row in rows]

    def masked(self, value: Any, *, everywhere: bool = False) -> Any:
        """The value with names of forgotten authors replaced in its texts, and without their
        comments in its lists. A string without a space or @ is an id, an address or a keyword and
        stays, unless `everywhere`."""
        if isinstance(value, dict):
            return {
                name: self.masked(inner, everywhere=everywhere) for name, inner in value.items()
            }
        if isinstance(value, list):
            kept = (one for one in value if not (isinstance(one, dict) and self.by_forgotten(one)))
            return [self.masked(inner, everywhere=everywhere) for inner in kept]
        if isinstance(value, str) and (everywhere or "@" in value or " " in value):
            return _NAME.sub(self._mask, value)
        return value

    def _mask(self, found: re.Match[str]) -> str:
        return MASK if self.forgets_author(found.group()) else found.group()

    def by_forgotten(self, raw: Row) -> bool:
        """Whether a forgotten author wrote this comment, as the provider served it."""
        return any(self.forgets_author(name) for name in author_names(raw))

    def _with_hashed_author(self, raw: Row) -> Row:
        """Keeps the username as a hash and drops what else tells who the author is."""
        cleaned: Row = {}
        for name, value in raw.items():
            if name.lower() in _USERNAMES and isinstance(value, str):
                cleaned[name] = self.hashed_author(value)
            elif name.lower() in _PERSONS and isinstance(value, dict):
                inner = self._with_hashed_author(value)
                cleaned[name] = {k: v for k, v in inner.items() if k.lower() in _USERNAMES}
            elif not _ABOUT_PERSON.fullmatch(name):
                cleaned[name] = value
        return cleaned


KEEP_ALL = Privacy()


def author_names(raw: Row) -> list[str]:
    """The usernames by which a comment names its author."""
    places = [raw, *(raw[key] for key in raw if key.lower() in _PERSONS)]
    names = [
        value
        for place in places
        if isinstance(place, dict)
        for name, value in place.items()
        if name.lower() in _USERNAMES and isinstance(value, str)
    ]
    return names + [raw[key] for key in raw if key.lower() in _PERSONS and type(raw[key]) is str]


def _without(raw: Row, path: list[str]) -> Row:
    if path[0] not in raw:
        return raw
    rest = {name: value for name, value in raw.items() if name != path[0]}
    if len(path) == 1:
        return rest
    inner = raw[path[0]]
    if not isinstance(inner, dict):
        return raw
    return {**rest, path[0]: _without(inner, path[1:])}

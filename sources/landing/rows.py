"""A provider's row, read as its table declares: typed values, or a reject with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import payload
from .privacy import KEEP_ALL, Privacy
from .tables import Reading, Table
from .values import CONVERT, Unusable
from .values import identifier as id_text

Row = dict[str, Any]
_ABSENT = object()
_LONGEST_KEY = 600  # bytes; an index of Postgres takes 2,700 for all parts of a key together


@dataclass(frozen=True)
class Reject:
    """A row that could not be typed: what it was and why. It goes to `sync_rejects`."""

    table: str
    reason: str
    raw: str


@dataclass(frozen=True)
class Said:
    """A typed row, which of its columns the provider explicitly said null for, and how many texts
    held characters that no database can store and were replaced by U+FFFD."""

    row: Row
    nulls: frozenset[str] = frozenset()
    repairs: int = 0


def find(raw: Row, path: Sequence[str]) -> Any:
    """The value at the end of a path of keys, or the absent marker."""
    value: Any = raw
    for part in path:
        if not isinstance(value, dict) or part not in value:
            return _ABSENT
        value = value[part]
    return value


def first(raw: Row, *aliases: str) -> Any:
    """The first alias (dotted for nested ones) that holds something; None when none does."""
    for alias in aliases:
        value = find(raw, alias.split("."))
        if value is not _ABSENT and value is not None:
            return value
    return None


def identifier(raw: Any, *aliases: str) -> str | None:
    """An id as text; None when the row has none that could be one, or be stored."""
    value = first(raw, *aliases) if isinstance(raw, dict) else None
    if not isinstance(value, str | int) or isinstance(value, bool):
        return None
    name = str(value)
    return name if name.strip() and payload.storable(name) is name else None


class Reader:
    """Reads rows of one table. `known` values are ours and win over what the row says. `privacy`
    changes a row before it is typed."""

    def __init__(self, table: Table, tenant: str, privacy: Privacy = KEEP_ALL) -> None:
        self.table, self.tenant, self.privacy = table, tenant, privacy
        self._ours = dict.fromkeys(column.name for column in table.columns if not column.aliases)

    def read(
        self, raw: Any, fetched_at: datetime, known: Row | None = None, *, keep: Any = None
    ) -> Said | Reject:
        """The typed row, or the reason it cannot be one. `keep` replaces `raw` as the payload."""
        if not isinstance(raw, dict):
            return self.reject("not a JSON object", raw)
        if self.privacy is not KEEP_ALL:
            raw = self.privacy.clean(self.table, raw)
            keep = self.privacy.masked(keep)
        row: Row = {"tenant": self.tenant, **self._ours, **(known or {})}
        nulls: set[str] = set()
        try:
            repairs = self._fill(row, raw, known or {}, nulls)
        except Unusable as reason:
            return self.reject(str(reason), raw)
        if self.table.payload:
            row["payload"] = payload.dump(raw if keep is None else keep)
        row["fetched_at"] = fetched_at
        return Said(row, frozenset(nulls), repairs)

    def _fill(self, row: Row, raw: Row, known: Row, nulls: set[str]) -> int:
        """Read each column into the row; returns how many texts had to be made storable."""
        repairs = 0
        deep = any(type(raw.get(place)) is dict for place in self.table.places)
        for reading in self.table.readings:
            name = reading.column.name
            if name in known:
                continue
            value = _value(reading, raw, reading.paths if deep else reading.flat, nulls)
            if type(value) is str and reading.column.type == "text":
                cleaned = payload.storable(value)
                if cleaned is not value:
                    repairs, value = repairs + 1, self._repaired(name, cleaned)
            row[name] = value
        self._check_key(row)
        return repairs

    def _repaired(self, name: str, cleaned: str) -> str:
        # Two ids that differ in such a character alone would become one row.
        if name in self.table.key:
            raise Unusable(f"{name}: the key holds what no database can store")
        return cleaned

    def _check_key(self, row: Row) -> None:
        for name in self.table.key:
            value = row.get(name)
            if value is None or (type(value) is str and not value.strip()):
                raise Unusable(f"{name}: the key is missing")
            if type(value) is str and len(value) > _LONGEST_KEY // 4 and _too_long(value):
                raise Unusable(f"{name}: a key of more than {_LONGEST_KEY} bytes")

    def reject(self, reason: str, raw: Any) -> Reject:
        return Reject(self.table.name, reason, payload.dump(raw)[:100_000])


def _too_long(key: str) -> bool:
    return len(key.encode(errors="replace")) > _LONGEST_KEY


def _value(reading: Reading, raw: Row, paths: Sequence[Sequence[str]], nulls: set[str]) -> Any:
    column = reading.column
    for path in paths:
        value = find(raw, path)
        if value is _ABSENT:
            continue
        if value is None:
            nulls.add(column.name)
            continue
        nulls.discard(column.name)
        if column.type == "json":
            return payload.dump(value)
        try:
            return id_text(value) if reading.is_id else CONVERT[column.type](value)
        except Unusable as reason:
            raise Unusable(f"{column.name}: {reason}") from None
    return None

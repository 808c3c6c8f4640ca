"""A provider's row, read by the declaration of its table: typed values, or a reject with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

from . import payload
from .tables import Column, Table
from .values import CONVERT, Unusable

Row = dict[str, Any]
_ABSENT = object()


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


def find(raw: Mapping[str, Any], alias: str) -> Any:
    """The value at a dotted alias, or the absent marker."""
    value: Any = raw
    for part in alias.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return _ABSENT
        value = value[part]
    return value


def first(raw: Mapping[str, Any], *aliases: str) -> Any:
    """The first alias that holds something; None when none does."""
    for alias in aliases:
        value = find(raw, alias)
        if value is not _ABSENT and value is not None:
            return value
    return None


def identifier(raw: Any, *aliases: str) -> str | None:
    """An id as text; None when the row has none that could be one."""
    value = first(raw, *aliases) if isinstance(raw, Mapping) else None
    usable = isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip()
    return str(value) if usable else None


class Reader:
    """Reads rows of one table. `known` values are ours and win over what the row says."""

    def __init__(self, table: Table, tenant: str) -> None:
        self.table, self.tenant = table, tenant
        self._columns = [c for c in table.columns if c.aliases]
        self._others = [c.name for c in table.columns if not c.aliases]
        self._key_of = itemgetter(*table.key)

    def read(
        self, raw: Any, fetched_at: datetime, known: Row | None = None, *, keep: Any = None
    ) -> Said | Reject:
        """The typed row, or the reason it cannot be one. `keep` replaces `raw` as the payload."""
        known = known or {}
        if not isinstance(raw, Mapping):
            return self.reject("not a JSON object", raw)
        row: Row = {"tenant": self.tenant, **dict.fromkeys(self._others), **known}
        nulls: set[str] = set()
        repairs = 0
        for column in self._columns:
            if column.name in known:
                continue
            try:
                value = self._value(column, raw, nulls)
            except Unusable as reason:
                return self.reject(f"{column.name}: {reason}", raw)
            if type(value) is str:
                cleaned = payload.storable(value)
                repairs, value = repairs + (cleaned is not value), cleaned
            row[column.name] = value
        if missing := [name for name in self.table.key if row.get(name) in (None, "")]:
            return self.reject(f"{missing[0]}: the key is missing", raw)
        if self.table.payload:
            row["payload"] = payload.dump(raw if keep is None else keep)
        row["fetched_at"] = fetched_at
        return Said(row, frozenset(nulls), repairs)

    def _value(self, column: Column, raw: Mapping[str, Any], nulls: set[str]) -> Any:
        for alias in column.aliases:
            value = find(raw, alias)
            if value is _ABSENT:
                continue
            if value is None:
                nulls.add(column.name)
                continue
            if column.type == "json":
                return payload.dump(value)
            return CONVERT[column.type](value)
        return None

    def reject(self, reason: str, raw: Any) -> Reject:
        return Reject(self.table.name, reason, payload.dump(raw)[:100_000])

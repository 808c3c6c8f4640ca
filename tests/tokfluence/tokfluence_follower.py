"""A project that follows Tokfluence posts, what the sandbox charged, and a comparison of both."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import duckdb

Row = dict[str, Any]

SMALL = {"accounts": 8, "posts": 80, "days": 20, "tokfluence_rate": 1_000_000}
# table -> key
TABLES = {
    "posts": ("post_id",),
    "post_snapshots": ("post_id", "fetched_on"),
    "comments": ("comment_id",),
    "campaigns": ("campaign_id",),
    "campaign_posts": ("campaign_id", "post_id"),
    "creators": ("creator_id",),
}
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # no database holds these
_EXPIRING = {"thumbnail_url", "author_picture_url"}


def option(name: str) -> str:
    """The environment's word for an option."""
    return f"SOURCES__TOKFLUENCE__{name.upper()}"


@dataclass
class Truth:
    """What the sandbox had at each look, united."""

    sandbox: Any
    expected: dict[str, dict[Any, Row]] = field(default_factory=dict)

    def of(self, table: str) -> list[Row]:
        """The rows of a table as the sandbox reckons them now."""
        rows: list[Row] = self.sandbox.control("GET", f"/truth/tokfluence/{table}")
        return rows

    def everything(self) -> dict[str, str]:
        """Options that follow it all: half of the posts by id, all by address, the campaigns'."""
        posts, creators = self.of("posts"), self.of("creators")
        return {
            "post_ids": ",".join(post["post_id"] for post in posts[::2]),
            "post_urls": ",".join(post["url"] for post in posts),
            "campaign_ids": "4711, 4712,4713",
            "creators": ",".join(f"@{creator['username']}" for creator in creators),
        }

    def observe(self) -> None:
        """Take this moment in; what is not served any more stays expected."""
        for table, key in TABLES.items():
            rows = {tuple(row[name] for name in key): row for row in self.of(table)}
            self.expected[table] = self.expected.get(table, {}) | rows

    def differences(self, read: Callable[[str, list[str]], Iterable[Row]]) -> list[str]:
        """Where what is held is not what was observed. `read` gives columns of a table."""
        return [said for table in TABLES for said in self._differences(table, read)]

    def _differences(self, table: str, read: Callable[..., Iterable[Row]]) -> list[str]:
        expected, key = self.expected[table], TABLES[table]
        columns = sorted({name for row in expected.values() for name in row} - _EXPIRING)
        held = [{name: _plain(name, row[name]) for name in columns} for row in read(table, columns)]
        found = {tuple(row[name] for name in key): row for row in held}
        said = [f"{table}: a key comes twice"] if len(found) != len(held) else []
        said += [f"{table}: {k} is lost" for k in expected.keys() - found.keys()]
        said += [f"{table}: {k} was never served" for k in found.keys() - expected.keys()]
        for k in expected.keys() & found.keys():
            right = {name: _said(name, expected[k][name]) for name in columns}
            said += [
                f"{table}: {k} {name} is {found[k][name]!r}, not {right[name]!r}"
                for name in columns
                if found[k][name] != right[name]
            ]
        return said


@dataclass
class Follower:
    """A project and its sandbox."""

    project: Any
    sandbox: Any

    def sync(self, *flags: str, **options: Any) -> Any:
        """One sync of Tokfluence; options by their own names."""
        env = {option(name): str(value) for name, value in options.items()}
        return self.project.sync("-s", "tokfluence", *flags, **env)

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the schema tokfluence."""
        with duckdb.connect(str(self.project.warehouse), read_only=True) as connection:
            connection.execute("set search_path = 'tokfluence'; set timezone = 'UTC'")
            return connection.execute(sql, list(values)).fetchall()

    def read(self, table: str, columns: list[str]) -> list[Row]:
        """Columns of a table, as `Truth.differences` asks for them."""
        rows = self.query(f"select {', '.join(columns)} from {table}")
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def charged(self) -> list[Row]:
        """What the provider has charged so far, row by row."""
        rows: list[Row] = self.sandbox.control("GET", "/credits")["default"]["rows"]
        return rows


def _said(name: str, value: Any) -> Any:
    if name.endswith("_at") and value is not None:
        return datetime.fromisoformat(value).astimezone(UTC)
    return _UNSTORABLE.sub("\ufffd", value) if isinstance(value, str) else value


def _plain(name: str, value: Any) -> Any:
    if name in ("hashtags", "mentions") and value is not None:
        return json.loads(value)
    return value.isoformat() if name == "fetched_on" else value

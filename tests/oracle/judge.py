"""A warehouse against its truth, table by table, in words of set algebra."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from oracle.mapping import NEWEST_ONLY, OWNED, Key, Row, from_warehouse, same, selected
from oracle.truth import Truth

_NAMED = 3


@dataclass
class Verdict:
    """What is wrong with one table; all empty when it is right.

    lost: the truth has it, the table does not. unexpected: the other way round. duplicated: a key
    that occurs more than once. corrupted: a value that differs. unfinished: a row whose load is not
    recorded as complete.
    """

    table: str
    lost: list[Key] = field(default_factory=list)
    unexpected: list[Key] = field(default_factory=list)
    duplicated: list[Key] = field(default_factory=list)
    corrupted: list[str] = field(default_factory=list)
    unfinished: list[Key] = field(default_factory=list)

    def findings(self) -> Iterator[str]:
        """One line per kind of trouble, with its first cases."""
        for kind, cases in vars(self).items():
            if kind != "table" and cases:
                first = "; ".join(str(case) for case in cases[:_NAMED])
                yield f"{self.table}: {len(cases)} {kind}: {first}"


def differences(truth: Truth, warehouse: Path, *, without: str = "") -> list[str]:
    """Every finding of every table, as text; `without` names a kind to leave out."""
    verdicts = judge(truth, warehouse).values()
    found = [finding for verdict in verdicts for finding in verdict.findings()]
    return [finding for finding in found if not without or f" {without}: " not in finding]


def judge(truth: Truth, warehouse: Path) -> dict[str, Verdict]:
    """The verdict per table."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return {table: _judged(table, truth, connection) for table in truth.tables}


def _judged(table: str, truth: Truth, connection: duckdb.DuckDBPyConnection) -> Verdict:
    verdict, expected = Verdict(table), truth.rows[table]
    columns = sorted({column for row in expected.values() for column in row})
    held = _read(connection, truth.provider, table, truth.tables[table][1], columns)
    verdict.corrupted += [f"column {name}" for name in held.variants]
    for key, times in Counter(key for key, _ in held.rows).items():
        if times > 1:
            verdict.duplicated.append(key)
    verdict.unexpected += [
        key for key, row in held.rows if key not in expected and not _last_words(table, row, truth)
    ]
    present = {key for key, _ in held.rows}
    verdict.lost += [key for key in expected if key not in present]
    verdict.unfinished += [key for key, row in held.rows if not row["_complete"]]
    for key, row in held.rows:
        verdict.corrupted += _wrong_values(key, row, expected.get(key, {}))
        verdict.corrupted += _wrong_removal(table, key, row, truth)
    return verdict


def _last_words(table: str, row: Row, truth: Truth) -> bool:
    """A snapshot of a post that is gone: the provider serves it by the post's id, and it may have
    been captured after the last moment that the truth saw."""
    if table not in ("post_snapshots", "post_raw_snapshots") or truth.provider != "tokportal":
        return False
    post = (row["tracked_post_id"],)
    return post in truth.rows["tracked_posts"] and post not in truth.shown["tracked_posts"]


def _wrong_values(key: Key, row: Row, expected: Row) -> Iterator[str]:
    for column, value in expected.items():
        if not same(row[column], value):
            yield f"{key} {column} is {row[column]!r}, not {value!r}"


def _wrong_removal(table: str, key: Key, row: Row, truth: Truth) -> Iterator[str]:
    """Listed things are not removed; posts that a listed account lost are."""
    if key not in truth.rows[table] or "removed_at" not in row:
        return
    removed = row["removed_at"] is not None
    if removed and key in truth.shown[table]:
        yield f"{key} is marked removed and is listed"
    posts, owner, owners = OWNED[truth.provider]
    if table != posts or (truth.rows[table][key][owner],) not in truth.shown[owners]:
        return
    if not removed and key not in truth.shown[table] and truth.tier == "full":
        yield f"{key} is not marked removed and is not listed"


@dataclass
class _Held:
    rows: list[tuple[Key, Row]]
    variants: list[str]


def _read(
    connection: duckdb.DuckDBPyConnection, schema: str, table: str, key: Key, columns: list[str]
) -> _Held:
    wanted = [*columns, *key]
    found = connection.execute(
        "select column_name from duckdb_columns() where schema_name = ? and table_name = ?",
        [schema, table],
    ).fetchall()
    names = [name for (name,) in found]
    if not names:
        return _Held([], [])
    shown = dict.fromkeys([*wanted, *(name for name in names if name == "removed_at")])
    columns = [column for column in shown if column in names]
    parts = [selected(column) for column in columns]
    newest = "order by fetched_at desc limit 1" if table in NEWEST_ONLY else ""
    values = connection.execute(
        f"select {', '.join(parts)}, l.load_id is not null from {schema}.{table} t"
        f" left join {schema}._dlt_loads l on l.load_id = t._dlt_load_id and l.status = 0 {newest}"
    ).fetchall()
    empty = dict.fromkeys(shown)
    rows = [
        empty
        | {c: from_warehouse(c, v) for c, v in zip(columns, record, strict=False)}
        | {"_complete": record[-1]}
        for record in values
    ]
    return _Held([(tuple(r[c] for c in key), r) for r in rows], [n for n in names if "__v_" in n])

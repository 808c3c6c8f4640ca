"""`social forget`: erases personal data wherever it is kept, and keeps it from coming back.

Order: rules first, so that no sync brings the data back while the rest runs; then rows, texts and
inbox; then the marts, the published copies and the reports; last the files, since a database keeps
deleted rows in them. A kill at any instant is repaired by running the same command again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sources
from sources.landing.privacy import Privacy, name_hash
from sources.landing.tables import Table

from .copies import Copies
from .destinations import Destination, Warehouse, destination
from .destinations.ddl import named
from .exits import Exit, Stop, usage
from .expected import recount
from .inbox import Inbox
from .lock import Holder, Patience
from .privacy import (
    delete_rows,
    keep_private,
    mask_stored,
    privacy_of,
    prune,
    put_rule,
    rebuild_marts,
    warehouse_now,
)
from .publish import PublishRequest, publish
from .schema import declared
from .settings import privacy_settings
from .transform import TransformRequest, transform

Agree = Callable[[str], None]


@dataclass(frozen=True)
class ForgetRequest:
    """What to erase: exactly one of the three. `days`: comments older than so many days."""

    author: str | None = None
    account: str | None = None
    days: int | None = None
    target: str = "duckdb"
    wait_seconds: float = 0.0


@dataclass
class ForgetResult:
    """What was erased. `rows`: deleted, by table; `masked`: rows with texts in which a name was
    replaced; `files`: copies that were made again or removed."""

    rows: dict[str, int] = field(default_factory=dict)
    masked: dict[str, int] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {"exit_code": 0, **vars(self)}

    def last_line(self) -> str:
        deleted, masked = sum(self.rows.values()), sum(self.masked.values())
        return (
            f"Erased: {deleted:,} rows deleted, a name replaced in {masked:,} rows,"
            f" {len(self.files)} copies made again or removed. Later syncs do not bring it back."
            " Backups and copies that you made yourself are not touched."
        )


def forget(request: ForgetRequest, agree: Agree, say: Callable[[str], None]) -> ForgetResult:
    """Erase what is asked. Raises Stop: usage for a wrong or refused request, and for a lock."""
    place, result = destination(request.target), ForgetResult()
    if not place.exists():
        raise Stop(Exit.DESTINATION, f"there is no warehouse at {place.target}", "")
    patience, settings = Patience(request.wait_seconds), privacy_settings()
    with place.writing(Holder(command="social forget"), patience) as warehouse:
        providers = [name for name in sources.names() if warehouse.tables(name)]
        erasures = [_Erasure(warehouse, name, request, result) for name in providers]
        _refuse_account_names(request, erasures)
        agree(_question(request, erasures))
        for erasure in erasures:
            warehouse.prepare(erasure.provider, declared()[erasure.provider])
            keep_private(warehouse, erasure.provider, settings)
            erasure.keep_rules(privacy_of(warehouse, erasure.provider, settings).salt)
        for erasure in erasures:
            erasure.run(privacy_of(warehouse, erasure.provider, settings))
            _empty_staging(warehouse, erasure.provider)
            recount(warehouse, erasure.provider)
        rebuild_marts(warehouse, "forget")
    if request.author is not None:
        folder = place.folder / "inbox" / place.name
        if folder.is_dir() and (count := Inbox(folder).mask(request.author.removeprefix("@"))):
            result.masked["inbox"] = count
    _redo_copies(place, request, result, say)
    with place.writing(Holder(command="social forget"), patience) as warehouse:
        warehouse.compact()
    return result


@dataclass
class _Erasure:
    """The erasure in the tables of one provider."""

    warehouse: Warehouse
    provider: str
    request: ForgetRequest
    result: ForgetResult

    def __post_init__(self) -> None:
        there = self.warehouse.tables(self.provider)
        self.tables = [table for table in declared()[self.provider] if table.name in there]

    @property
    def before(self) -> datetime | None:
        if self.request.days is None:
            return None
        return warehouse_now(self.warehouse, self.provider) - timedelta(days=self.request.days)

    def names(self) -> list[str]:
        """The author's name as it may be stored: as it is, or as a hash."""
        if self.request.author is None:
            return []
        name = self.request.author.strip().removeprefix("@").lower()
        hashed = privacy_settings().author_salt
        return [name, *([f"h:{name_hash(hashed, name)}"] if hashed else [])]

    def conditions(self) -> list[tuple[str, str, list[Any]]]:
        """Table, condition and values of the rows to delete."""
        found: list[tuple[str, str, list[Any]]] = []
        for table in self.tables:
            if self.request.author is not None and table.retention == "comments":
                names = self.names()
                places = ", ".join("?" * len(names))
                found.append((table.name, f"lower(author_username) in ({places})", [*names]))
            if self.request.account is not None and table.account in table.by_name:
                found.append((table.name, f'"{table.account}" = ?', [self.request.account]))
            elif self.request.account is not None and (parent := self._parent_of(table)):
                of_account = (
                    f'"{table.key[0]}" in (select "{table.key[0]}" from'
                    f' {named(self.provider, parent.name)} where "{parent.account}" = ?)'
                )
                found.insert(0, (table.name, of_account, [self.request.account]))
            if self.before is not None and table.retention == "comments":
                found.append((table.name, "published_at < ?", [self.before]))
        return found

    def _parent_of(self, table: Table) -> Table | None:
        """The table by account that a table without an account belongs to, by its key."""
        return next(
            (
                parent
                for parent in self.tables
                if parent.key == table.key and parent.account in parent.by_name
            ),
            None,
        )

    def count(self) -> dict[str, int]:
        """Rows to delete, by table."""
        counts = {}
        for table, condition, values in self.conditions():
            sql = f"select count(*) from {named(self.provider, table)} where {condition}"
            if count := self.warehouse.query(sql, values)[0][0]:
                counts[f"{self.provider}.{table}"] = int(count)
        return counts

    def keep_rules(self, salt: str) -> None:
        request = self.request
        if request.author is not None:
            put_rule(self.warehouse, self.provider, "author", name_hash(salt, request.author))
        if request.account is not None:
            put_rule(self.warehouse, self.provider, "account", name_hash(salt, request.account))
        if self.before is not None:
            put_rule(self.warehouse, self.provider, "comments_before", None, self.before)

    def run(self, privacy: Privacy) -> None:
        for table_name, condition, values in self.conditions():
            count = delete_rows(self.warehouse, self.provider, table_name, condition, values)
            if count:
                self.result.rows[f"{self.provider}.{table_name}"] = count
        for table_name, count in prune(self.warehouse, self.provider, privacy).items():
            name = f"{self.provider}.{table_name}"
            self.result.rows[name] = self.result.rows.get(name, 0) + count
        for table in self.tables if self.request.author is not None else ():
            count = mask_stored(self.warehouse, self.provider, table, self.names(), privacy)
            if count:
                self.result.masked[f"{self.provider}.{table.name}"] = count

    def accounts_called(self, name: str) -> list[str]:
        """Ids of tracked accounts whose own name this is."""
        names = ("username", "handle", "account_identifier")
        found: list[str] = []
        for table in self.tables:
            columns = [n for n in names if n in table.by_name]
            if table.kind == "data" and table.key == (table.account,) and columns:
                same = " or ".join(f"lower(ltrim(\"{n}\", '@')) = ?" for n in columns)
                where = f"{named(self.provider, table.name)} where {same}"
                sql = f'select "{table.account}" from {where}'
                found += [row[0] for row in self.warehouse.query(sql, [name] * len(columns))]
        return found


def _refuse_account_names(request: ForgetRequest, erasures: Sequence[_Erasure]) -> None:
    if request.author is None:
        return
    name = request.author.strip().removeprefix("@").lower()
    if not name:
        raise usage("--author is empty", "Name the author whose comments are to be erased.")
    accounts = [one for erasure in erasures for one in erasure.accounts_called(name)]
    if accounts:
        raise usage(
            f"{request.author} is the name of a tracked account ({accounts[0]})",
            f"`social forget --account {accounts[0]}` erases the account. Nothing was changed.",
        )


def _question(request: ForgetRequest, erasures: Sequence[_Erasure]) -> str:
    counts = {name: n for erasure in erasures for name, n in erasure.count().items()}
    listed = (
        ", ".join(f"{n:,} row{'s' * (n != 1)} of {name}" for name, n in counts.items()) or "no row"
    )
    also = " and the name in other texts" if request.author is not None else ""
    return f"This erases {listed}{also}, and it cannot be undone"


def _empty_staging(warehouse: Warehouse, provider: str) -> None:
    """dlt's staging tables hold the rows of the last load."""
    sql = (
        "select table_schema, table_name from information_schema.tables where table_schema like ?"
        " and table_name not like '\\_dlt%' escape '\\'"
    )
    for schema, table in warehouse.query(sql, [f"{provider}\\_staging%".replace("\\", "")]):
        with warehouse.transaction() as execute:
            execute(f"delete from {named(schema, table)}")


def _redo_copies(
    place: Destination, request: ForgetRequest, result: ForgetResult, say: Callable[[str], None]
) -> None:
    """Build the marts from nothing and publish again what was published before."""
    with place.reading() as warehouse:
        has_marts = bool(warehouse.tables("marts"))
    if not has_marts:
        return
    say("Building the marts from nothing.")
    built = transform(
        TransformRequest(request.target, full_refresh=True, wait_seconds=request.wait_seconds)
    )
    if built.broken:
        say(built.last_line())
    copies = Copies(place)
    for output, parquet in copies.published.items():
        if Path(output).exists():
            folder = Path(parquet) if parquet else None
            publish(PublishRequest(place, Path(output), folder, request.wait_seconds, alone=True))
            result.files += [output, *([parquet] if parquet else [])]
    removed = copies.drop_reports()
    for path in removed:
        say(f"{path} was made before the erasure and is deleted. `social report` makes it again.")
    result.files += removed

"""Runs without a load, in this process: from the sandbox, into a warehouse that is a dictionary."""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sources.extraction.elsewhere import Elsewhere, nothing_elsewhere
from sources.http.budget import Budget
from sources.landing.batch import Batch
from sources.landing.held import Key, Stored
from sources.landing.tables import Table
from sources.tokfluence import Options, Run, Scope, connect

Row = dict[str, Any]


@dataclass
class Memory:
    """What a warehouse holds, and the cursors beside it."""

    rows: dict[str, dict[Key, Row]] = field(default_factory=lambda: defaultdict(dict))
    cursors: Row = field(default_factory=dict)

    def load(self, batch: Batch) -> None:
        for table in batch.tables.values():
            for row in batch.rows(table):
                self.rows[table.name][table.key_of(row)] = row

    def lookup(self, tenant: str, account_ids: Sequence[str]) -> Memory:
        return self

    def whole(self, table: Table, newest: int | None = None) -> dict[Key, Stored]:
        return {key: Stored(row, True) for key, row in self.rows[table.name].items()}

    def of(self, table: Table, account_id: str) -> dict[Key, Stored]:
        held = self.where(table, account_id, table.account, account_id)
        newest = (
            max((s.row[table.moment] for s in held.values()), default=None) if table.moment else 0
        )
        return {k: s for k, s in held.items() if not table.moment or s.row[table.moment] == newest}

    def among(self, table: Table, column: str, values: Sequence[str]) -> dict[Key, Stored]:
        rows = self.whole(table).items()
        return {key: stored for key, stored in rows if stored.row[column] in values}

    def where(self, table: Table, account_id: str, column: str, value: str) -> dict[Key, Stored]:
        rows = self.whole(table).items()
        mine = ((k, s) for k, s in rows if s.row[table.account] == account_id)
        return {key: stored for key, stored in mine if stored.row[column] == value}


@dataclass
class Extracted:
    """What a run brought, and the run."""

    run: Run
    batch: Batch

    @property
    def errors(self) -> list[Row]:
        return self.run.scope.notes.errors

    @property
    def credits(self) -> int:
        return self.run.scope.connection.wallet.credits

    def asked(self, endpoint: str) -> int:
        """How many requests of an endpoint were paid."""
        return self.run.scope.connection.wallet.calls[endpoint]

    def rows(self, table: str) -> list[Row]:
        return self.batch.rows(self.batch.tables[table])


def extract(
    sandbox: Any,
    memory: Memory | None = None,
    *,
    key: str = "tkf_sandbox_extract",
    streams: Sequence[str] = tuple(Scope.every_stream),
    concurrency: int = 16,
    max_credits_flag: int | None = None,
    elsewhere: Elsewhere = nothing_elsewhere,
    full_refresh: bool = False,
    **options: Any,
) -> Extracted:
    """One run with these options; what it brings is loaded into `memory`."""
    memory = memory or Memory()
    connection = connect(
        key,
        f"{sandbox.url}/v1",
        requests_per_minute=1e6,
        concurrency=concurrency,
        budget=Budget(max_credits=max_credits_flag),
    )
    scope = Scope(
        connection,
        uuid.uuid4().hex,
        options=Options(**options),
        streams=frozenset(streams),
        full_refresh=full_refresh,
    )
    run = Run(scope, lookup=memory.lookup, elsewhere=elsewhere)
    batch = asyncio.run(run.extract(memory.cursors))
    memory.load(batch)
    return Extracted(run, batch)

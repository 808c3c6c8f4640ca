"""A run as dlt resources: what every provider's `@dlt.source` is made of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import dlt
import pyarrow as pa
from dlt.extract import DltResource

from .extraction.batches import Limits
from .extraction.run import Run

# dlt's upsert keeps repeats within a load and duplicates after a crash; this does neither.
_MERGE: Any = {"disposition": "merge", "strategy": "delete-insert"}
ALL_AT_ONCE = Limits(seconds=float("inf"), rows=2**62, accounts=2**31)


def resources(run: Run) -> Iterator[DltResource]:
    """The next batch of a run: one parent that extracts, one child per table.

    Cursors are kept in dlt's state of the source, by tenant and account.
    """

    @dlt.resource(name="batches", selected=False)
    async def batches() -> AsyncIterator[dict[str, pa.Table]]:
        # One batch at a time, in one piece: dlt has no checkpoint inside an extract.
        tenants = dlt.current.source_state().setdefault("tenants", {})
        batch = await run.extract(tenants.setdefault(run.scope.tenant, {}))
        yield batch.arrow(also=run.tables_to_make())

    for table in run.tables:

        def rows(batch: dict[str, pa.Table], name: str = table.name) -> Iterator[pa.Table]:
            if name in batch:
                yield batch[name]

        yield dlt.transformer(
            data_from=batches,
            name=table.name,
            primary_key=table.merge_key,
            write_disposition=_MERGE,
            columns=table.dlt_columns(),
        )(rows)

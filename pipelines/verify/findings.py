"""What verify found, as rows: `verify_findings` in the provider's schema."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from sources.landing.batch import Batch
from sources.landing.tables import Table, ours

from ..destinations import Destination, DuckDB, Warehouse
from ..lock import Holder, Patience

BROKEN, INFORMATION = "broken", "information"
_WAIT_SECONDS = 30.0

VERIFY_FINDINGS = Table(
    name="verify_findings",
    grain="one row per finding of a run of `social verify`; a run without findings writes none",
    key=("entry_id",),
    columns=(
        ours("entry_id", "text", "Made of run and rule; unique."),
        ours("run_id", "text", "The run of `social verify`."),
        ours("level", "text", "`broken`: a rule does not hold; `information`: worth knowing."),
        ours("rule", "text", "What was checked, as a sentence that should be true."),
        ours("table_name", "text", "The table that it was found in."),
        ours("rows", "bigint", "How many rows break the rule; of information, how many it counts."),
        ours("examples", "text", "Keys of the first few, parts joined by a slash; or the figures."),
        ours("remedy", "text", "What to do."),
    ),
    payload=False,
    kind="ledger",
)


@dataclass(frozen=True)
class Finding:
    """How many rows break a rule, and the keys of the first few. Information breaks nothing."""

    provider: str
    rule: str
    table: str
    rows: int
    examples: Sequence[str]
    remedy: str = ""
    level: str = BROKEN

    @property
    def broken(self) -> bool:
        return self.level == BROKEN

    @property
    def shown(self) -> str:
        more = " …" if self.broken and self.rows > len(self.examples) else ""
        return ", ".join(self.examples) + more


def store(place: Destination, run_id: str, findings: Iterable[Finding]) -> None:
    """Write the findings. Raises Stop where the warehouse cannot be written just now."""
    ordered = sorted(findings, key=lambda finding: finding.provider)
    if not ordered:
        return
    now = datetime.now(UTC)
    with _opened(place, run_id) as warehouse:
        for provider, found in groupby(ordered, key=lambda finding: finding.provider):
            warehouse.prepare(provider, [VERIFY_FINDINGS])
            warehouse.put(provider, VERIFY_FINDINGS, _rows(run_id, now, found))


def _opened(place: Destination, run_id: str) -> AbstractContextManager[Warehouse]:
    """A DuckDB file takes one writer; in Postgres a table of our own needs no lock of a shard's."""
    if not isinstance(place, DuckDB):
        return place.reading()
    return place.writing(Holder(run_id, "social verify"), Patience(_WAIT_SECONDS))


def _rows(run_id: str, now: datetime, found: Iterable[Finding]) -> Any:
    batch = Batch("default", run_id, [VERIFY_FINDINGS])
    for finding in found:
        batch.note(
            VERIFY_FINDINGS,
            now,
            finding.rule,
            level=finding.level,
            rule=finding.rule,
            table_name=finding.table,
            rows=finding.rows,
            examples=finding.shown,
            remedy=finding.remedy or None,
        )
    return batch.arrow()[VERIFY_FINDINGS.name]

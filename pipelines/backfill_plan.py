"""`social backfill -n`: what the chunks that are left would ask. Changes nothing.

Besides the index, a few of the walks whose length nobody knows are asked, as for `social plan`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from . import plan as planning
from .backfill import BackfillRequest, begun, done_before, with_a_past
from .ledger import ProviderResult
from .plan import PlanLine
from .selection import select
from .sync import KeySync


@dataclass(frozen=True)
class Size:
    """Of one key: the chunks that hold something to ask, the accounts, and of chunks × accounts
    those that are left."""

    provider: str
    chunks: int
    accounts: int
    left: int


@dataclass(frozen=True)
class BackfillPlan:
    lines: list[PlanLine]
    sizes: list[Size] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """As of `social plan`, and the sizes by key."""
        sizes = {
            size.provider: {"chunks": size.chunks, "accounts": size.accounts, "left": size.left}
            for size in self.sizes
        }
        return planning.as_json(self.lines) | {"backfill": sizes}

    def print(self) -> None:
        planning.print_plan(self.lines)
        for size in self.sizes:
            print(  # noqa: T201  (the answer, on stdout; only names of ours and numbers)
                f"{size.provider}: {size.chunks:,} chunks × {size.accounts:,} accounts,"
                f" {size.left:,} of them left to ask"
            )


def plan_backfill(request: BackfillRequest) -> BackfillPlan:
    """Raises Stop."""
    selection, _ = with_a_past(select(request.select, request.exclude))
    runs: list[tuple[KeySync, Any]] = []

    def begin(key: KeySync, provider: Any, held: dict[str, Any]) -> Any:
        run = begun(key, provider, request, **held)
        if key.warehouse is not None:
            run.done = done_before(key, request)
        runs.append((key, run))
        return run

    lines = planning.plan(request, selection, begin)
    sizes = [
        Size(_label(key), run.chunks_left, len(run.accounts), run.accounts_left)
        for key, run in runs
    ]
    return BackfillPlan(lines, sizes)


def _label(key: KeySync) -> str:
    return ProviderResult(key.settings.name, key.tenant).label

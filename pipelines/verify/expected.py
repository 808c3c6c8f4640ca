"""What should be in the warehouse and is not, as findings: the same that `social status` names."""

from __future__ import annotations

from collections.abc import Iterator

from ..destinations import Warehouse
from ..expected import missing
from .findings import Finding
from .rule import SHOWN, SYNC_AGAIN

_RULES = {
    "shard": ("every shard has ended a run", "sync_runs"),
    "account": ("every listed account was read", "sync_account_status"),
    "stream": ("every stream of the newest whole run was asked", "sync_completeness"),
    "table": ("every table holds what the newest runs left in it", "sync_runs"),
}


def check(
    warehouse: Warehouse, provider: str, there: set[str]
) -> Iterator[tuple[str, list[Finding]]]:
    """Each rule with its finding, or none. Applied where a run has ended."""
    if "sync_runs" not in there:
        return
    lacking = list(missing(warehouse, provider))
    for kind, (rule, table) in _RULES.items():
        lines = [f"{one.name}: {one.why}" for one in lacking if one.kind == kind]
        finding = Finding(provider, rule, table, len(lines), lines[:SHOWN], SYNC_AGAIN)
        yield rule, [finding] if lines else []

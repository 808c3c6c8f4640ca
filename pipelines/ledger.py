"""`sync_runs`: one row per run and provider; and the result of a run as scripts read it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sources.extraction.shards import Shard
from sources.landing.batch import Batch
from sources.landing.tables import Table, ours

from .exits import Exit, Stop, gravest

SYNC_RUNS = Table(
    name="sync_runs",
    grain="one row per run and key",
    key=("run_id", "tenant"),
    columns=(
        ours("run_id", "text", "The run."),
        ours("command", "text", "The command that ran."),
        ours("shard", "text", "Whose accounts it was about: `0/8`; NULL when about all."),
        ours("started_at", "timestamp", "Start, on this machine's clock (UTC)."),
        ours("finished_at", "timestamp", "End, on this machine's clock (UTC)."),
        ours("exit_code", "bigint", "As the command's (README, exit codes)."),
        ours("access_level", "text", "What the key may see."),
        ours("requests", "bigint", "Requests sent, retries included."),
        ours("retries", "bigint", "Of these, retries."),
        ours("waited_s", "double", "Seconds waited for the rate limit."),
        ours("planned_requests", "bigint", "What the plan expected; NULL where there was none."),
        ours(
            "lower_bound_requests", "bigint", "The least that brings what was read, page by page."
        ),
        ours("rows_written", "bigint", "Rows of provider data written."),
        ours("accounts", "bigint", "Accounts listed."),
        ours("errors", "bigint", "Failures, see `sync_errors`."),
        ours("result", "json", "Streams with their counts."),
    ),
    payload=False,
    kind="ledger",
)


@dataclass
class ProviderResult:
    """What a run did at one provider with one key."""

    name: str
    tenant: str
    access_level: str | None = None
    requests: int = 0
    retries: int = 0
    waited_s: float = 0.0
    credits: int | None = None
    planned_requests: int | None = None
    lower_bound_requests: int | None = None
    rows_written: int = 0
    written: Counter[str] = field(default_factory=Counter)
    accounts: int = 0
    streams: dict[str, Any] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)
    exit_code: Exit = Exit.OK
    requests_by_endpoint: dict[str, int] = field(default_factory=dict)
    expected: dict[str, Any] = field(default_factory=dict)  # for `social status`, see expected.py

    @property
    def label(self) -> str:
        """`tokportal`; for a key of its own `tokportal.<label>`."""
        return self.name if self.tenant == "default" else f"{self.name}.{self.tenant}"

    def as_json(self) -> dict[str, Any]:
        return {
            "access_level": self.access_level,
            "requests": self.requests,
            "retries": self.retries,
            "waited_s": round(self.waited_s, 3),
            "credits": self.credits,
            "planned_requests": self.planned_requests,
            "lower_bound_requests": self.lower_bound_requests,
            "actual_to_planned": _ratio(self.requests, self.planned_requests),
            "actual_to_lower_bound": _ratio(self.requests, self.lower_bound_requests),
            "streams": self.streams,
            "written": dict(self.written),
            "requests_by_endpoint": self.requests_by_endpoint,
        }


@dataclass
class RunResult:
    """The `--json` result of a run."""

    run_id: str
    command: str
    target: str
    started_at: datetime
    finished_at: datetime | None = None
    providers: list[ProviderResult] = field(default_factory=list)
    not_configured: list[str] = field(default_factory=list)
    signal_exit: Exit | None = None
    failure: Stop | None = None
    shard: Shard | None = None

    @property
    def exit_code(self) -> Exit:
        codes = [provider.exit_code for provider in self.providers]
        stopped = [self.failure.code] if self.failure else []
        return gravest([*codes, *stopped, self.signal_exit or Exit.OK])

    @property
    def rows_written(self) -> int:
        return sum(provider.rows_written for provider in self.providers)

    def as_json(self) -> dict[str, Any]:
        return {
            "run_id": self.run_id,
            "command": self.command,
            "exit_code": int(self.exit_code),
            "started_at": self.started_at.isoformat(),
            "finished_at": self.finished_at.isoformat() if self.finished_at else None,
            "target": self.target,
            "shard": str(self.shard) if self.shard else None,
            "providers": {provider.label: provider.as_json() for provider in self.providers},
            "errors": [
                {"provider": p.label, **error} for p in self.providers for error in p.errors
            ],
            "skipped": [{"provider": p.label, **skip} for p in self.providers for skip in p.skipped]
            + [
                {"provider": name, "stream": None, "reason": "not_configured"}
                for name in self.not_configured
            ],
        }


def run_row(run: RunResult, provider: ProviderResult, now: datetime) -> Any:
    """The run as one Arrow row of `sync_runs`."""
    batch = Batch(provider.tenant, run.run_id, [SYNC_RUNS])
    batch.note(
        SYNC_RUNS,
        now,
        command=run.command,
        shard=str(run.shard) if run.shard else None,
        started_at=run.started_at,
        finished_at=now,
        exit_code=int(run.exit_code),
        access_level=provider.access_level,
        requests=provider.requests,
        retries=provider.retries,
        waited_s=provider.waited_s,
        planned_requests=provider.planned_requests,
        lower_bound_requests=provider.lower_bound_requests,
        rows_written=provider.rows_written,
        accounts=provider.accounts,
        errors=len(provider.errors),
        result=json.dumps(provider.as_json() | {"expected": provider.expected}),
    )
    return batch.arrow()["sync_runs"]


def _ratio(actual: int, other: int | None) -> float | None:
    return round(actual / other, 3) if other else None

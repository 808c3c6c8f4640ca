"""`social plan`: what a sync would ask now, per provider and stream. Changes nothing.

The index pass is asked, since it tells what there is; of Tokfluence nothing that costs. The rest
comes from the warehouse, which is only read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sources
from sources.extraction.plan import Plan
from sources.http.errors import CredentialsRefused, EgressRefused, Fatal

from .destinations import Destination, Warehouse, destination
from .exits import Exit, Stop, usage
from .held import lookup_in
from .known_posts import known_posts
from .ledger import RunResult
from .progress import Quiet
from .selection import select
from .settings import ProviderSettings, batch_limits
from .state import cursors_of
from .sync import KeySync, SyncRequest, configured_for, new_run_id


@dataclass(frozen=True)
class PlanLine:
    """One stream. `seconds` at the key's rate, after a full bucket was used up; `at_least`: of the
    requests, those that are certain; `estimated`: the others hang on answers still to come."""

    provider: str
    stream: str
    requests: int
    at_least: int
    credits: int
    seconds: float
    estimated: bool


def plan(request: SyncRequest) -> list[PlanLine]:
    """The lines of every configured provider and key. Raises Stop."""
    selection = select(request.select, request.exclude)
    configured, _ = configured_for(selection)
    place = destination(request.target, request.shard)
    result = RunResult(new_run_id(), "plan", place.target, datetime.now(UTC))
    lines: list[PlanLine] = []
    with _reading(place) as warehouse:
        for settings in configured:
            for tenant in settings.keys:
                key = KeySync(
                    settings,
                    tenant,
                    selection,
                    request,
                    warehouse,  # type: ignore[arg-type]  # None where there is none yet
                    result,
                    Quiet(),
                )
                lines += _lines(settings, tenant, *_foresee(key, warehouse))
    return lines


@contextmanager
def _reading(place: Destination) -> Iterator[Warehouse | None]:
    if not place.exists():
        yield None
        return
    with place.reading() as warehouse:
        yield warehouse


def _foresee(key: KeySync, warehouse: Warehouse | None) -> tuple[Plan, float]:
    """The plan, and the requests per minute of the key."""
    name, provider = key.settings.name, sources.get(key.settings.name)
    held: dict[str, Any] = {}
    cursors: dict[str, Any] = {}
    if warehouse is not None:
        held = {"lookup": lookup_in(warehouse, name), "elsewhere": known_posts(warehouse)}
        cursors = cursors_of(warehouse, name, f"{name}{warehouse.pipeline_suffix}", key.tenant)
    try:
        run = provider.Run(key.scope(provider), limits=batch_limits(), **held)
        return asyncio.run(run.foresee(cursors)), run.scope.connection.rate.per_minute
    except EgressRefused as error:
        raise usage(error.message, error.remedy) from error
    except Fatal as error:
        refused = isinstance(error, CredentialsRefused)
        code = Exit.CREDENTIALS if refused else Exit.TRY_LATER
        raise Stop(code, f"{name}: {error.message}", error.remedy) from error


def _lines(
    settings: ProviderSettings, tenant: str, foreseen: Plan, per_minute: float
) -> Iterator[PlanLine]:
    label = settings.name if tenant == "default" else f"{settings.name}.{tenant}"
    for stream, cost in foreseen.streams.items():
        requests = round(cost.requests)
        yield PlanLine(
            label,
            stream,
            requests,
            cost.at_least,
            round(cost.credits),
            round(requests * 60 / per_minute, 1),
            cost.estimated,
        )


def as_json(lines: list[PlanLine]) -> dict[str, Any]:
    """By provider and stream, with sums."""
    providers: dict[str, Any] = {}
    for line in lines:
        facts = {k: v for k, v in vars(line).items() if k not in ("provider", "stream")}
        providers.setdefault(line.provider, {})[line.stream] = facts
    sums = {
        name: sum(getattr(line, name) for line in lines)
        for name in ("requests", "at_least", "credits")
    }
    return {**sums, "providers": providers}


def print_plan(lines: list[PlanLine]) -> None:
    """For people, on stdout; `~` marks an estimate."""
    from rich.console import Console
    from rich.table import Table as Grid

    grid = Grid("provider", "stream", "requests", "at least", "credits", "minutes")
    for line in lines:
        about = "~" if line.estimated else ""
        grid.add_row(
            line.provider,
            line.stream,
            f"{about}{line.requests:,}",
            f"{line.at_least:,}",
            f"{about if line.credits else ''}{line.credits:,}",
            f"{line.seconds / 60:.1f}",
        )
    console = Console(highlight=False)
    console.print(grid)
    total = sum(line.requests for line in lines)
    console.print(
        f"about {total:,} requests; ~: estimated from earlier runs, for it hangs on answers that"
        " are still to come. Retries are not planned; the index was asked to make this plan."
    )

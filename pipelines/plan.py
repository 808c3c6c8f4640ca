"""`social plan`: what a sync would ask now, per provider and stream. Changes nothing.

It looks as a sync would look (index pass, accounts, a sample of first histories), except at what
costs credits; the rest comes from the warehouse, which is only read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import sources
from sources.extraction.elsewhere import nothing_elsewhere
from sources.extraction.foresight import foresee
from sources.extraction.plan import Plan
from sources.http.budget import Budget
from sources.http.errors import CredentialsRefused, EgressRefused, Fatal
from sources.landing.batch import Batch

from .destinations import Destination, Warehouse, destination
from .exits import Exit, Stop, usage
from .held import lookup_in
from .known_posts import known_posts, met_posts
from .ledger import RunResult
from .progress import Quiet
from .selection import Selection, select
from .settings import ProviderSettings, batch_limits
from .state import cursors_of
from .sync import KeySync, SyncRequest, configured_for, keys_in_turn, new_run_id

Begin = Callable[[KeySync, Any, dict[str, Any]], Any]
"""How the run that is planned is begun: key, provider, and what of the warehouse it may see."""


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


def _a_sync(key: KeySync, provider: Any, held: dict[str, Any]) -> Any:
    return provider.Run(key.scope(provider), limits=batch_limits(), **held)


def plan(
    request: SyncRequest, selection: Selection | None = None, begin: Begin = _a_sync
) -> list[PlanLine]:
    """The lines of every configured provider and key. Raises Stop."""
    selection = selection or select(request.select, request.exclude)
    configured, _ = configured_for(selection)
    place = destination(request.target, request.shard)
    result = RunResult(new_run_id(), "plan", place.target, datetime.now(UTC))
    lines: list[PlanLine] = []
    with _reading(place) as warehouse:
        planner = _Planner(warehouse, begin)
        for settings, tenant in keys_in_turn(configured):
            key = KeySync(
                settings,
                tenant,
                selection,
                replace(request, budget=Budget()),  # the whole; a budget ends a sync, no plan
                warehouse,  # type: ignore[arg-type]  # None where there is none yet
                result,
                Quiet(),
            )
            lines += _lines(settings, tenant, *planner.foresee(key))
    return lines


@contextmanager
def _reading(place: Destination) -> Iterator[Warehouse | None]:
    if not place.exists():
        yield None
        return
    with place.reading() as warehouse:
        yield warehouse


@dataclass
class _Planner:
    """Plans key after key. `met`: rows by provider, for providers that follow others' posts."""

    warehouse: Warehouse | None
    begin: Begin
    met: dict[str, list[Batch]] = field(default_factory=dict)

    def foresee(self, key: KeySync) -> tuple[Plan, float]:
        """The plan, and the requests per minute of the key. Raises Stop."""
        name, provider = key.settings.name, sources.get(key.settings.name)
        cursors: dict[str, Any] = {}
        if self.warehouse is not None:
            pipeline = f"{name}{self.warehouse.pipeline_suffix}"
            cursors = cursors_of(self.warehouse, name, pipeline, key.tenant)
        try:
            run = self.begin(key, provider, self._held(name))
            foreseen = asyncio.run(foresee(run, cursors))
        except EgressRefused as error:
            raise usage(error.message, error.remedy) from error
        except Fatal as error:
            refused = isinstance(error, CredentialsRefused)
            code = Exit.CREDENTIALS if refused else Exit.TRY_LATER
            raise Stop(code, f"{name}: {error.message}", error.remedy) from error
        self.met.setdefault(name, []).append(foreseen.met)
        return foreseen.plan, run.scope.connection.rate.per_minute

    def _held(self, name: str) -> dict[str, Any]:
        if self.warehouse is None:
            return {"elsewhere": met_posts(self.met, nothing_elsewhere)}
        elsewhere = met_posts(self.met, known_posts(self.warehouse))
        return {"lookup": lookup_in(self.warehouse, name), "elsewhere": elsewhere}


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
    from rich.table import Table as Grid

    from .terminal import PlainConsole

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
    console = PlainConsole()
    console.print(grid)
    total = sum(line.requests for line in lines)
    console.print(
        f"{total:,} requests, retries not counted; ~: an estimate, for it hangs on answers still to"
        " come. Accounts were looked at to make this plan; nothing was stored."
    )

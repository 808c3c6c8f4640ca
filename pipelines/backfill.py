"""`social backfill`: a range of days, in chunks that are remembered, beside the scheduled syncs.

It takes the warehouse in turns of a few small batches. Between two turns the lock is let go for
longer than a waiting run takes to look again, so that a sync with `--wait` gets its turn and the
backfill goes on after it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import sources
from sources.extraction.backfill import Done, Span, nothing_done, spans_of
from sources.extraction.batches import Limits
from sources.http.errors import EgressRefused
from sources.landing.outcomes import BACKFILL_CHUNKS

from .destinations import Destination, Warehouse, destination
from .destinations.errors import temporary_folder
from .exits import Stop, usage
from .held import lookup_in
from .ledger import SYNC_RUNS, ProviderResult, RunResult, run_row
from .loads import ledger
from .lock import LOOK_AGAIN_SECONDS, Holder, Patience
from .privacy import privacy_of
from .progress import Progress
from .rekey import rekey
from .schema import declared
from .selection import Selection, select
from .settings import ProviderSettings, batch_limits, privacy_settings
from .signals import Stopper, in_thread, stopped_by_signals
from .sync import KeySync, SyncRequest, configured_for

# A waiting sync waits for the end of a turn and of the batch in it. To open the warehouse and
# restore dlt's state costs a second, so a turn holds more than one batch.
_TURN_SECONDS = 10.0
_PAUSE_SECONDS = 2 * LOOK_AGAIN_SECONDS
# What a kill costs at most.
_BATCH_SECONDS, _BATCH_ACCOUNTS = 10.0, 4

_DONE = """
    select b.account_id, b.stream, b."since", b."until" from {chunks} b
    where b.tenant = ? and b."since" < ? and b."until" > ?"""


_NO_DAYS = Span(date.max, date.max)


@dataclass(frozen=True)
class BackfillRequest(SyncRequest):
    """What was asked on the command line, besides what a sync is asked."""

    command: str = "backfill"
    span: Span = _NO_DAYS
    chunk_days: int = 30


def span_of(since: str, until: str) -> Span:
    """The days of the two flags. Raises Stop (usage)."""
    try:
        span = Span(date.fromisoformat(since), date.fromisoformat(until))
    except ValueError as error:
        raise usage(f"{error}", "Write days as YYYY-MM-DD.") from None
    if span.since >= span.until:
        raise usage(f"{since} to {until} holds no day", "--until is the day after the last one.")
    return span


def backfill(request: BackfillRequest, run_id: str, progress: Progress) -> RunResult:
    """Run a backfill. Raises Stop for usage, before any request."""
    selection, without = with_a_past(select(request.select, request.exclude))
    configured, missing = configured_for(selection)
    place = destination(request.target, request.shard)
    result = RunResult(
        run_id, request.command, place.target, datetime.now(UTC), shard=request.shard
    )
    result.not_configured = missing
    for name in without:
        result.providers.append(_left_out(name, progress))
    with stopped_by_signals() as stopper:
        turns = _Turns(place, run_id, stopper, request.wait_seconds)
        try:
            in_thread(lambda: _run(configured, selection, request, turns, result, progress))
        except Stop as stop:
            if not turns.taken:  # the lock was never had: nothing was done
                raise
            result.failure = stop
        result.signal_exit = stopper.exit_code
    result.finished_at = datetime.now(UTC)
    return result


def with_a_past(selection: Selection) -> tuple[Selection, list[str]]:
    """The streams that can be asked by day, and the selected providers that have none."""
    chosen = {name: selection.streams(name) & _streams(name) for name in selection.providers}
    without = [name for name, streams in chosen.items() if not streams]
    if len(without) == len(chosen):
        known = [f"{name}.{stream}" for name in sources.names() for stream in _streams(name)]
        raise usage("nothing of this can be asked by day", f"Known: {', '.join(sorted(known))}.")
    return Selection({name: streams for name, streams in chosen.items() if streams}), without


def _streams(provider: str) -> frozenset[str]:
    kind = getattr(sources.get(provider), "Backfill", None)
    return frozenset(kind.streams if kind else ())


def _left_out(provider: str, progress: Progress) -> ProviderResult:
    message = f"{provider} serves no past: nothing of it can be asked by day"
    progress.event("provider.skipped", provider=provider, reason="no_past", message=message)
    skip = {"stream": None, "reason": "no_past", "message": message}
    return ProviderResult(provider, "default", skipped=[skip])


@dataclass
class _Turns:
    """The warehouse, turn after turn."""

    place: Destination
    run_id: str
    stopper: Stopper
    wait_seconds: float
    taken: int = 0
    ends: float = 0.0

    @property
    def over(self) -> bool:
        """Whether it is time to let others have the warehouse."""
        return time.monotonic() >= self.ends

    def __iter__(self) -> Iterator[Warehouse]:
        """Open warehouses, each locked until the next is asked for. The first is waited for as the
        user said, the others as long as it takes: whoever is before us ends or dies."""
        while not self.stopper.stop.is_set():
            if self.taken:
                time.sleep(_PAUSE_SECONDS)
            seconds = float("inf") if self.taken else self.wait_seconds
            with self.place.writing(
                Holder(self.run_id), Patience(seconds, self.stopper)
            ) as warehouse:
                self.taken += 1
                self.ends = time.monotonic() + _TURN_SECONDS
                yield warehouse


def _run(
    configured: Iterable[ProviderSettings],
    selection: Selection,
    request: BackfillRequest,
    turns: _Turns,
    result: RunResult,
    progress: Progress,
) -> None:
    progress.event("run.started", target=result.target, command=request.command)
    for settings in configured:
        for tenant in settings.keys:
            outcome = ProviderResult(settings.name, tenant)
            result.providers.append(outcome)
            _fill(settings, tenant, selection, request, turns, result, outcome, progress)


def _fill(
    settings: ProviderSettings,
    tenant: str,
    selection: Selection,
    request: BackfillRequest,
    turns: _Turns,
    result: RunResult,
    outcome: ProviderResult,
    progress: Progress,
) -> None:
    """One provider with one key."""
    provider, run = sources.get(settings.name), None
    for warehouse in turns:
        key = KeySync(settings, tenant, selection, request, warehouse, result, progress)
        warehouse.prepare(settings.name, declared()[settings.name])
        key.prepare_privacy()
        rekey(warehouse, settings.name, provider, result.run_id)  # what a kill left undone
        run = run or _begin(key, provider, request, turns.stopper)
        run.scope.privacy = privacy_of(warehouse, settings.name, privacy_settings())
        run.lookup, run.done = lookup_in(warehouse, settings.name), done_before(key, request)
        _take_turn(key, provider, run, turns, outcome)
        warehouse.put(settings.name, SYNC_RUNS, run_row(result, outcome, datetime.now(UTC)))
        if run.finished:
            return


def _take_turn(
    key: KeySync, provider: Any, run: Any, turns: _Turns, outcome: ProviderResult
) -> None:
    """Batches until others shall have the warehouse, or nothing is left."""
    with temporary_folder() as folder:
        pipeline = key.pipeline(folder)
        try:
            key.load_batch(provider, run, pipeline, outcome)
            while not (run.finished or turns.over):
                key.load_batch(provider, run, pipeline, outcome)
        finally:
            key.describe(run, outcome)


def _begin(key: KeySync, provider: Any, request: BackfillRequest, stopper: Stopper) -> Any:
    try:
        return begun(key, provider, request, stop=stopper.stop, report=key.tick)
    except EgressRefused as error:
        raise usage(error.message, error.remedy) from error


def begun(key: KeySync, provider: Any, request: BackfillRequest, **rest: Any) -> Any:
    """The walk of one key over the chunks; `rest`: what it may see, and whom it tells. Raises
    EgressRefused."""
    return provider.Backfill(
        scope=key.scope(provider),
        limits=_small(batch_limits()),
        missing_tables=frozenset(),  # the warehouse is prepared
        span=request.span,
        chunk_days=request.chunk_days,
        **rest,
    )


def _small(limits: Limits) -> Limits:
    seconds = min(limits.seconds, _BATCH_SECONDS)
    return replace(limits, seconds=seconds, accounts=min(limits.accounts, _BATCH_ACCOUNTS))


def done_before(key: KeySync, request: BackfillRequest) -> Done:
    """What earlier backfills read to the end, in loads that completed."""
    warehouse, schema = key.warehouse, key.settings.name
    if request.full_refresh or BACKFILL_CHUNKS.name not in warehouse.tables(schema):
        return nothing_done
    sql = _DONE.format(chunks=ledger(schema, BACKFILL_CHUNKS.name))
    return lambda tenant, span: spans_of(warehouse.query(sql, [tenant, span.until, span.since]))

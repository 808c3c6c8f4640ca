"""The one path every load takes: lock, extract in batches, load each, record.

dlt gets a fresh working folder and restores its state from the destination. That rules out what
makes dlt wedge or lose data after a crash: pending packages, and local state ahead of a restored
database. The price is the batch that a kill interrupts.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import dlt
from dlt.pipeline.exceptions import PipelineStepFailed

import sources
from sources.http.budget import Budget
from sources.http.errors import CredentialsRefused, EgressRefused, Fatal, TryLater

from . import expected
from .attempts import last_attempts
from .derived import derive
from .destinations import Shard, Warehouse, destination
from .destinations.errors import temporary_folder
from .destinations.migrations import migrate_without_loss, refuse_newer
from .exits import Exit, Stop, gravest, usage
from .held import lookup_in
from .known_posts import known_posts
from .ledger import SYNC_RUNS, ProviderResult, RunResult, run_row
from .ledger_retention import prune_ledgers
from .loads import sweep
from .lock import Holder, Patience
from .privacy import keep_private, privacy_of
from .progress import Progress
from .rejected import rejected_rows
from .rekey import rekey
from .schema import declared
from .selection import Selection, select
from .settings import (
    ProviderSettings,
    batch_limits,
    completeness_days,
    privacy_settings,
    provider_settings,
    reread_key,
)
from .signals import Stopper, in_thread, stopped_by_signals
from .state import prune_states


@dataclass(frozen=True)
class SyncRequest:
    """What was asked on the command line."""

    select: Sequence[str] = ()
    exclude: Sequence[str] = ()
    accounts: Sequence[str] = ()
    full_refresh: bool = False
    wait_seconds: float = 0.0
    command: str = "sync"
    target: str = "duckdb"
    shard: Shard | None = None
    budget: Budget = field(default_factory=Budget)


def new_run_id() -> str:
    """Sorts by time, and is unique."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"


def sync(request: SyncRequest, run_id: str, progress: Progress) -> RunResult:
    """Run a sync. Raises Stop for usage, lock and an unusable destination, before any request."""
    selection = select(request.select, request.exclude)
    configured, missing = configured_for(selection)
    place = destination(request.target, request.shard)
    result = RunResult(
        run_id, request.command, place.target, datetime.now(UTC), shard=request.shard
    )
    result.not_configured = missing
    with (
        stopped_by_signals() as stopper,
        place.writing(
            Holder(run_id),
            Patience(request.wait_seconds, stopper),
            on_open=lambda opened: _migrate(opened, progress),
        ) as warehouse,
    ):
        progress.event("run.started", target=warehouse.target, command=request.command)
        try:
            in_thread(
                lambda: _run(configured, selection, request, warehouse, result, stopper, progress)
            )
        except Stop as stop:
            result.failure = stop
        result.signal_exit = stopper.exit_code
    result.finished_at = datetime.now(UTC)
    return result


def _migrate(warehouse: Warehouse, progress: Progress) -> None:
    """Bring a warehouse of an older program to this one's version, and say so. Raises Stop (usage)
    where stored values would be lost, or where a newer program made it."""
    refuse_newer(warehouse.query, warehouse.target)
    if applied := migrate_without_loss(warehouse):
        progress.event(
            "warehouse.migrated",
            from_version=applied[0].version - 1,
            to_version=applied[-1].version,
            migrations=", ".join(each.name for each in applied),
        )


def configured_for(selection: Selection) -> tuple[list[ProviderSettings], list[str]]:
    """Settings of the selected providers that have a key, and the names of those that have none.
    Raises Stop (usage) when none has."""
    every = [provider_settings(name) for name in selection.providers]
    configured = [settings for settings in every if settings.configured]
    missing = [settings.name for settings in every if not settings.configured]
    if not configured:
        variables = ", ".join(f"SOURCES__{name.upper()}__API_KEY" for name in missing)
        raise usage(
            f"no key is configured for {', '.join(missing)}",
            f"`social init` writes .dlt/secrets.toml to fill in; or set {variables}.",
        )
    return configured, missing


def _run(
    configured: list[ProviderSettings],
    selection: Selection,
    request: SyncRequest,
    warehouse: Warehouse,
    result: RunResult,
    stopper: Stopper,
    progress: Progress,
) -> None:
    for settings, tenant in keys_in_turn(configured):
        if not stopper.stop.is_set():
            key_sync = KeySync(settings, tenant, selection, request, warehouse, result, progress)
            key_sync.run(stopper)


def keys_in_turn(configured: list[ProviderSettings]) -> Iterator[tuple[ProviderSettings, str]]:
    """Each key's label; who follows the posts that others bring comes after them."""
    for settings in sorted(configured, key=lambda each: bool(each.options.get("posts_from"))):
        for tenant in settings.keys:
            yield settings, tenant


@dataclass
class KeySync:
    """The sync of one provider with one key."""

    settings: ProviderSettings
    tenant: str
    selection: Selection
    request: SyncRequest
    warehouse: Warehouse
    result: RunResult
    progress: Progress

    def run(self, stopper: Stopper) -> None:
        provider = sources.get(self.settings.name)
        outcome, days = ProviderResult(self.settings.name, self.tenant), completeness_days()
        self.result.providers.append(outcome)
        self.warehouse.prepare(self.settings.name, declared()[self.settings.name])
        self.prepare_privacy()
        if self.request.shard is None:
            sweep(self.warehouse, self.settings.name)
        try:
            extract = self._begin(provider, stopper)
        except EgressRefused as error:
            raise usage(error.message, error.remedy) from error
        with temporary_folder() as folder:
            pipeline = self.pipeline(folder)
            rekey(
                self.warehouse, self.settings.name, provider, self.result.run_id
            )  # what a kill left undone
            try:
                self._load_batches(provider, extract, pipeline, outcome)
            finally:
                self.describe(extract, outcome)
            self._derive(provider, extract, outcome)
            whole = extract.all_asked and not self.request.accounts
            streams = self.selection.streams(self.settings.name)
            outcome.expected = expected.note(
                self.warehouse,
                self.settings.name,
                streams,
                whole=whole,
                written=outcome.written,
                started_at=self.result.started_at,
            )
            row = run_row(self.result, outcome, datetime.now(UTC))
            self.warehouse.put(self.settings.name, SYNC_RUNS, row)
            prune_states(self.warehouse, self.settings.name, pipeline.pipeline_name)
            if self.request.shard is None or self.request.shard.leads:
                prune_ledgers(self.warehouse, self.settings.name, self.tenant, days)

    def prepare_privacy(self) -> None:
        """Make stored rows follow `[privacy]` and `[retention]`. One shard does it for all."""
        if self.request.shard is None or self.request.shard.leads:
            keep_private(self.warehouse, self.settings.name, privacy_settings())

    def _derive(self, provider: Any, extract: Any, outcome: ProviderResult) -> None:
        options, now = self.options(provider), extract.scope.now()
        written = derive(self.warehouse, self.settings.name, provider, options, now)
        outcome.rows_written += sum(written.values())
        outcome.written.update(written)

    def _begin(self, provider: Any, stopper: Stopper) -> Any:
        return provider.Run(
            self.scope(provider),
            limits=batch_limits(),
            missing_tables=frozenset(),  # the warehouse is prepared
            lookup=lookup_in(self.warehouse, self.settings.name),
            elsewhere=known_posts(self.warehouse),
            last_attempts=last_attempts(self.warehouse, self.settings.name),
            stop=stopper.stop,
            report=self.tick,
        )

    def scope(self, provider: Any) -> Any:
        """What the run is about, with a connection of its own. Raises EgressRefused."""
        settings, shard = self.settings, self.request.shard
        sharded = {"shard": shard} if shard else {}
        connection = provider.connect(
            settings.keys[self.tenant],
            settings.base_url,
            requests_per_minute=settings.requests_per_minute,
            concurrency=settings.concurrency,
            reread=lambda: reread_key(settings.name, self.tenant),
            budget=self.request.budget,
            **sharded,
        )
        if why := connection.rate.problem:
            self.progress.event("rate.not_shared", "warning", provider=settings.name, reason=why)
        return provider.Scope(
            connection,
            self.result.run_id,
            tenant=self.tenant,
            options=self.options(provider),
            streams=self.selection.streams(settings.name),
            only_accounts=frozenset(self.request.accounts) or None,
            full_refresh=self.request.full_refresh,
            privacy=privacy_of(self.warehouse, settings.name, privacy_settings()),
            **sharded,
        )

    def options(self, provider: Any) -> Any:
        """The provider's options for this key."""
        settings = self.settings
        return provider.Options(**settings.options | settings.key_options.get(self.tenant, {}))

    def tick(self, extract: Any) -> None:
        rows = self.result.rows_written
        self.progress.tick(
            self.settings.name,
            extract.accounts_done,
            extract.accounts_total,
            rows,
            extract.scope.connection.traffic,
        )

    def pipeline(self, folder: str) -> dlt.Pipeline:
        """dlt's pipeline in a working folder that nothing outlives."""
        return dlt.pipeline(
            f"{self.settings.name}{self.warehouse.pipeline_suffix}",
            pipelines_dir=folder,
            destination=self.warehouse.dlt_destination(),
            dataset_name=self.settings.name,
        )

    def _load_batches(
        self, provider: Any, extract: Any, pipeline: dlt.Pipeline, outcome: ProviderResult
    ) -> None:
        while not extract.finished:
            self.load_batch(provider, extract, pipeline, outcome)
            rekey(self.warehouse, self.settings.name, provider, self.result.run_id)

    def load_batch(
        self, provider: Any, extract: Any, pipeline: dlt.Pipeline, outcome: ProviderResult
    ) -> None:
        """Extract and load the next batch. Raises Stop when the destination fails."""
        names = {table.name for table in provider.DATA_TABLES}
        counts = self._load(pipeline, provider.source(extract))
        written = {name: n for name, n in counts.items() if name in names and n}
        outcome.rows_written += sum(written.values())
        outcome.written.update(written)
        self.progress.event(
            "batch.loaded",
            provider=self.settings.name,
            accounts_done=extract.accounts_done,
            accounts=extract.accounts_total,
            rows=sum(written.values()),
            requests=extract.scope.connection.traffic.requests,
        )

    def _load(self, pipeline: dlt.Pipeline, data: Any) -> dict[str, int]:
        try:
            pipeline.run(data, loader_file_format="parquet")
        except PipelineStepFailed as error:
            raise self._load_failure(error) from error
        trace = pipeline.last_trace
        normalized = trace.last_normalize_info if trace else None
        return dict(normalized.row_counts) if normalized else {}

    def _load_failure(self, error: PipelineStepFailed) -> BaseException:
        """The destination's own words, when it is the destination that failed."""
        for cause in _causes(error):
            if stop := cause if isinstance(cause, Stop) else self.warehouse.explain(cause):
                return stop
        return error

    def describe(self, extract: Any, outcome: ProviderResult) -> None:
        """What the run did so far, for its result and its row."""
        notes = extract.scope.notes
        traffic, wallet = extract.scope.connection.traffic, extract.scope.connection.wallet
        outcome.credits = wallet.credits if wallet.calls else None
        outcome.requests, outcome.retries = traffic.requests, traffic.retries
        if self.request.command in ("sync", "backfill"):
            outcome.planned_requests, outcome.lower_bound_requests = (
                extract.plan.requests,
                notes.least,
            )
        outcome.waited_s = traffic.waited_seconds
        outcome.requests_by_endpoint = dict(traffic.by_endpoint)
        outcome.access_level = extract.access_level
        outcome.accounts = extract.accounts_total
        outcome.streams = {stream: tally.as_json() for stream, tally in notes.streams.items()}
        streams = sources.get(self.settings.name).STREAMS
        outcome.errors = [*notes.errors, *extract.scope.misfits(), *rejected_rows(notes, streams)]
        outcome.skipped = notes.skipped
        outcome.exit_code = gravest(
            [*_codes(outcome.errors), _fatal_code(extract.fatal), _rest_code(notes.resting)]
        )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what led to it; dlt keeps some of that in attributes of its own."""
    names = ("__cause__", "__context__", "client_exception", "dbapi_exception", "inner_exc")
    waiting, met = [error], set[int]()
    while waiting:
        cause = waiting.pop(0)
        if id(cause) not in met:
            met.add(id(cause))
            yield cause
            inner = (getattr(cause, name, None) for name in names)
            waiting += [each for each in inner if isinstance(each, BaseException)]


def _codes(errors: list[dict[str, Any]]) -> list[Exit]:
    special = {"bug": Exit.BUG, "cursor_in_future": Exit.CHECK_FAILED}
    return [special.get(error["code"], Exit.PARTIAL) for error in errors]


def _rest_code(resting: set[str]) -> Exit:
    """What keeps failing keeps saying so, also in the runs that do not try it."""
    return Exit.PARTIAL if resting else Exit.OK


def _fatal_code(fatal: Fatal | None) -> Exit:
    if isinstance(fatal, CredentialsRefused):
        return Exit.CREDENTIALS
    if isinstance(fatal, TryLater):
        return Exit.TRY_LATER
    return Exit.USAGE if isinstance(fatal, EgressRefused) else Exit.OK

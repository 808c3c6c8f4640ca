"""The one path every load takes: lock, extract in batches, load each, record.

dlt gets a fresh working folder and restores its state from the destination. That rules out what
makes dlt wedge or lose data after a crash: pending packages, and local state ahead of a restored
database. The price is the batch that a kill interrupts.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dlt
import duckdb
from dlt.pipeline.exceptions import PipelineStepFailed

import sources
from sources.http.errors import CredentialsRefused, EgressRefused, Fatal, TryLater

from .destinations import Warehouse, open_warehouse, unavailable
from .exits import Exit, Stop, gravest, usage
from .held import lookup_in
from .ledger import SYNC_RUNS, ProviderResult, RunResult, run_row
from .lock import warehouse_lock
from .progress import Progress
from .rekey import rekey
from .selection import Selection, select
from .settings import ProviderSettings, batch_limits, duckdb_path, provider_settings, reread_key
from .signals import Stopper, in_thread, stopped_by_signals


@dataclass(frozen=True)
class SyncRequest:
    """What was asked on the command line."""

    select: Sequence[str] = ()
    exclude: Sequence[str] = ()
    accounts: Sequence[str] = ()
    full_refresh: bool = False
    wait_seconds: float = 0.0
    command: str = "sync"


def new_run_id() -> str:
    """Sorts by time, and is unique."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"


def sync(request: SyncRequest, run_id: str, progress: Progress) -> RunResult:
    """Run a sync. Raises Stop for usage, lock and an unusable destination, before any request."""
    selection = select(request.select, request.exclude)
    configured, missing = _configured(selection)
    path = duckdb_path()
    result = RunResult(run_id, request.command, f"duckdb:{path}", datetime.now(UTC))
    result.not_configured = missing
    with (
        stopped_by_signals() as stopper,
        warehouse_lock(path, request.wait_seconds, stopper),
        open_warehouse(path) as warehouse,
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


def _configured(selection: Selection) -> tuple[list[ProviderSettings], list[str]]:
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
    for settings in configured:
        for tenant in settings.keys:
            if not stopper.stop.is_set():
                key_sync = _KeySync(
                    settings, tenant, selection, request, warehouse, result, progress
                )
                key_sync.run(stopper)


@dataclass
class _KeySync:
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
        outcome = ProviderResult(self.settings.name, self.tenant)
        self.result.providers.append(outcome)
        try:
            extract = self._begin(provider, stopper)
        except EgressRefused as error:
            raise usage(error.message, error.remedy) from error
        with tempfile.TemporaryDirectory(prefix="social-") as folder:
            pipeline = self._pipeline(folder)
            rekey(self.warehouse, self.settings.name, provider)  # what a kill left undone
            try:
                self._load_batches(provider, extract, pipeline, outcome)
            finally:
                self._describe(extract, outcome)
            row = run_row(self.result, outcome, datetime.now(UTC))
            self.warehouse.put(self.settings.name, SYNC_RUNS, row)
        self.warehouse.comment(self.settings.name, [*provider.TABLES, SYNC_RUNS])

    def _begin(self, provider: Any, stopper: Stopper) -> Any:
        settings = self.settings
        connection = provider.connect(
            settings.keys[self.tenant],
            settings.base_url,
            requests_per_minute=settings.requests_per_minute,
            concurrency=settings.concurrency,
            reread=lambda: reread_key(settings.name, self.tenant),
        )
        scope = provider.Scope(
            connection,
            self.result.run_id,
            tenant=self.tenant,
            options=provider.Options(
                **settings.options | settings.key_options.get(self.tenant, {})
            ),
            streams=self.selection.streams(settings.name),
            only_accounts=frozenset(self.request.accounts) or None,
            full_refresh=self.request.full_refresh,
        )
        declared = {table.name for table in provider.TABLES}
        return provider.Run(
            scope,
            limits=batch_limits(),
            missing_tables=frozenset(declared - set(self.warehouse.tables(settings.name))),
            lookup=lookup_in(self.warehouse, settings.name),
            stop=stopper.stop,
            report=self._tick,
        )

    def _tick(self, extract: Any) -> None:
        rows = self.result.rows_written
        self.progress.tick(
            self.settings.name,
            extract.accounts_done,
            extract.accounts_total,
            rows,
            extract.scope.connection.traffic,
        )

    def _pipeline(self, folder: str) -> dlt.Pipeline:
        return dlt.pipeline(
            self.settings.name,
            pipelines_dir=folder,
            destination=self.warehouse.dlt_destination(),
            dataset_name=self.settings.name,
        )

    def _load_batches(
        self, provider: Any, extract: Any, pipeline: dlt.Pipeline, outcome: ProviderResult
    ) -> None:
        names = {table.name for table in provider.DATA_TABLES}
        while not extract.finished:
            counts = self._load(pipeline, provider.source(extract))
            rekey(self.warehouse, self.settings.name, provider)
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
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, duckdb.Error | OSError) or "duckdb" in type(cause).__module__:
                return unavailable(self.warehouse.path, cause)
            cause = cause.__cause__ or cause.__context__
        return error

    def _describe(self, extract: Any, outcome: ProviderResult) -> None:
        notes = extract.scope.notes
        traffic = extract.scope.connection.traffic
        outcome.requests, outcome.retries = traffic.requests, traffic.retries
        outcome.waited_s = traffic.waited_seconds
        outcome.requests_by_endpoint = dict(traffic.by_endpoint)
        outcome.access_level = extract.access_level
        outcome.accounts = extract.accounts_total
        outcome.streams = {stream: tally.as_json() for stream, tally in notes.streams.items()}
        outcome.errors, outcome.skipped = [*notes.errors, *extract.scope.misfits()], notes.skipped
        outcome.exit_code = gravest([*_codes(outcome.errors), _fatal_code(extract.fatal)])


def _codes(errors: list[dict[str, Any]]) -> list[Exit]:
    special = {"bug": Exit.BUG, "cursor_in_future": Exit.CHECK_FAILED}
    return [special.get(error["code"], Exit.PARTIAL) for error in errors]


def _fatal_code(fatal: Fatal | None) -> Exit:
    if isinstance(fatal, CredentialsRefused):
        return Exit.CREDENTIALS
    if isinstance(fatal, TryLater):
        return Exit.TRY_LATER
    return Exit.USAGE if isinstance(fatal, EgressRefused) else Exit.OK

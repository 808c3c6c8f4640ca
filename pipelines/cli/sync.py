"""Commands that fetch: plan, sync, backfill, listen."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ..exits import Exit
from .flags import (
    Accounts,
    AsJson,
    DryRun,
    Exclude,
    LogFormat,
    Logs,
    MaxCredits,
    MaxRequests,
    Quiet,
    Select,
    Sharded,
    Target,
    Verbose,
    Wait,
    Where,
    days,
    ids,
    seconds,
    shard_of,
)
from .frame import command, guarded, print_json, say


@command("Sync")
def plan(
    select: Select = None,
    exclude: Exclude = None,
    accounts: Accounts = None,
    full_refresh: Annotated[
        bool, typer.Option(help="As if all histories were asked again.")
    ] = False,
    target: Where = Target.duckdb,
    shard: Sharded = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """What a sync would ask now: requests, credits and minutes per stream. Changes nothing."""

    def run() -> Exit:
        from ..settings import prepare_dlt

        prepare_dlt()
        from ..sync import SyncRequest

        request = SyncRequest(
            select=select or [],
            exclude=exclude or [],
            accounts=ids(accounts),
            full_refresh=full_refresh,
            target=target,
            shard=shard_of(shard),
        )
        return _tell_plan(request, as_json)

    guarded(run, verbose, output_is_result=True)


@command("Sync")
def sync(
    select: Select = None,
    exclude: Exclude = None,
    accounts: Accounts = None,
    full_refresh: Annotated[
        bool, typer.Option(help="Ask all histories again, whatever is known of them.")
    ] = False,
    max_requests: MaxRequests = None,
    max_credits: MaxCredits = None,
    dry_run: DryRun = False,
    no_transform: Annotated[
        bool, typer.Option("--no-transform", help="Leave the marts as they are.")
    ] = False,
    target: Where = Target.duckdb,
    shard: Sharded = None,
    wait: Wait = "0s",
    as_json: AsJson = False,
    log_format: Logs = LogFormat.auto,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Fetch what changed since the last run, load it, and build the marts of it.

    Safe to run again at any time: rows are merged by key, and a run that was stopped is taken up
    where it was.

    \b
    social sync                           everything that is due
    social sync -s tokportal.comments     one stream
    social sync --accounts 9f3a…,5b1f…    some accounts
    """

    def run() -> Exit:
        from ..settings import prepare_dlt

        prepare_dlt()
        from sources.http.budget import Budget

        from ..progress import progress
        from ..sync import SyncRequest, new_run_id
        from ..sync import sync as run_sync

        request = SyncRequest(
            select=select or [],
            exclude=exclude or [],
            accounts=ids(accounts),
            full_refresh=full_refresh,
            wait_seconds=seconds(wait),
            target=target,
            shard=shard_of(shard),
            budget=Budget(max_requests, max_credits),
        )
        if dry_run:
            return _tell_plan(request, as_json)
        run_id = new_run_id()
        with progress(log_format, run_id, quiet=quiet) as told:
            result = run_sync(request, run_id, told)
        return _tell_sync(request, result, as_json, no_transform)

    guarded(run, verbose, output_is_result=dry_run)


@command("Sync")
def backfill(
    since: Annotated[str, typer.Option(help="First day (UTC).", metavar="DAY")],
    until: Annotated[str, typer.Option(help="The day after the last (UTC).", metavar="DAY")],
    chunk: Annotated[str, typer.Option(help="Days at once, the newest first: 30d.")] = "30d",
    select: Select = None,
    exclude: Exclude = None,
    accounts: Accounts = None,
    full_refresh: Annotated[
        bool, typer.Option(help="Also the chunks that an earlier backfill read.")
    ] = False,
    max_requests: MaxRequests = None,
    max_credits: MaxCredits = None,
    dry_run: DryRun = False,
    target: Where = Target.duckdb,
    shard: Sharded = None,
    wait: Wait = "0s",
    as_json: AsJson = False,
    log_format: Logs = LogFormat.auto,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Read a range of past days: daily figures, raw snapshots, Genviral's posts of these days.

    What syncs follow is left alone, and a sync that waits (`--wait`) gets its turn between two
    batches. Run again after a kill, it goes on with the chunk that was under way.

    \b
    social backfill --since 2023-01-01 --until 2026-01-01
    social backfill --since 2023-01-01 --until 2026-01-01 -n     what it would ask
    """

    def run() -> Exit:
        from ..settings import prepare_dlt

        prepare_dlt()
        from sources.http.budget import Budget

        from ..backfill import BackfillRequest, span_of
        from ..backfill import backfill as run_backfill
        from ..progress import progress
        from ..summary import last_line
        from ..sync import new_run_id

        request = BackfillRequest(
            select=select or [],
            exclude=exclude or [],
            accounts=ids(accounts),
            full_refresh=full_refresh,
            wait_seconds=seconds(wait),
            target=target,
            shard=shard_of(shard),
            budget=Budget(max_requests, max_credits),
            span=span_of(since, until),
            chunk_days=days(chunk),
        )
        if dry_run:
            return _tell_backfill_plan(request, as_json)
        run_id = new_run_id()
        with progress(log_format, run_id, quiet=quiet) as told:
            result = run_backfill(request, run_id, told)
        if as_json:
            print_json(result.as_json())
        say(last_line(result))
        return result.exit_code

    guarded(run, verbose, output_is_result=dry_run)


@command("Sync")
def listen(
    port: Annotated[int, typer.Option(help="0: any free port.")] = 8090,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    once: Annotated[
        bool, typer.Option("--once", help="Handle the stored events and end; receive none.")
    ] = False,
    debounce: Annotated[
        str, typer.Option(help="Events closer together than this share a sync.")
    ] = "5s",
    target: Where = Target.duckdb,
    wait: Wait = "10m",
    log_format: Logs = LogFormat.auto,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Receive TokPortal's webhooks; each genuine event brings a sync of its account.

    Put https in front of it. Events wait on disk until their sync is done; a lost or repeated one
    changes nothing, because facts come from the sync and never from an event.
    """

    def run() -> Exit:
        from ..settings import prepare_dlt

        prepare_dlt()
        from ..listen import ListenRequest, handle_once
        from ..listen import listen as run_listen
        from ..progress import progress
        from ..sync import new_run_id

        child = (
            "--target",
            target,
            "--wait",
            wait,
            "--log-format",
            log_format,
            *(["--quiet"] if quiet else []),
        )
        request = ListenRequest(host, port, seconds(debounce), child, target)
        with progress(log_format, new_run_id(), quiet=quiet) as told:
            if not once:
                return run_listen(request, told)
            drained = handle_once(target, seconds(wait), told)
        say(drained.last_line())
        return drained.code

    guarded(run, verbose)


def _tell_plan(request: Any, as_json: bool) -> Exit:
    from .. import plan as planning

    lines = planning.plan(request)
    print_json(planning.as_json(lines)) if as_json else planning.print_plan(lines)
    return Exit.OK


def _tell_backfill_plan(request: Any, as_json: bool) -> Exit:
    from ..backfill_plan import plan_backfill

    foreseen = plan_backfill(request)
    print_json(foreseen.as_json()) if as_json else foreseen.print()
    return Exit.OK


def _tell_sync(request: Any, result: Any, as_json: bool, no_transform: bool) -> Exit:
    """The result of a sync and, where they are wanted, of the marts after it."""
    from ..summary import last_line
    from ..sync_marts import Marts, marts_after

    marts = Marts() if no_transform else marts_after(request, result)
    code = marts.exit_code(result.exit_code)
    if as_json:
        told = {"exit_code": int(code), "transform": marts.as_json()}
        print_json(result.as_json() | told)
    for name, why in marts.built.broken if marts.built else ():
        say(f"BAD   {name}: {why}")
    say(f"{last_line(result)} {marts.last_words()}".strip())
    return code

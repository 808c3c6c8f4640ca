"""The `social` command: parse, call, print, exit code. No logic."""

from __future__ import annotations

import json
import re
import sys
import traceback
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .exits import Exit, Stop, usage

if TYPE_CHECKING:
    from sources.extraction.shards import Shard

# Everything heavy (dlt, duckdb, rich tables) is imported by the command that needs it: --help is
# read more often than anything else.
app = typer.Typer(
    name="social",
    help="Keeps a warehouse in step with TokPortal, Genviral and Tokfluence analytics.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a pretty traceback prints local variables, keys among them
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "SOCIAL"},
)

# Each flag also as SOCIAL_<FLAG>; those of the sandbox, which mean other things, with its name.
FLAGS_FROM_ENV = {"auto_envvar_prefix": "SOCIAL"}


class Target(StrEnum):
    duckdb = "duckdb"
    postgres = "postgres"


class LogFormat(StrEnum):
    auto = "auto"
    rich = "rich"
    plain = "plain"
    json = "json"


class SchemaFormat(StrEnum):
    table = "table"
    md = "md"
    json = "json"
    sql = "sql"
    dbt = "dbt"
    grants = "grants"


Select = Annotated[
    list[str] | None,
    typer.Option(
        "-s", "--select", help="Only these: `tokportal.comments,genviral`.", metavar="NAMES"
    ),
]
Exclude = Annotated[
    list[str] | None, typer.Option("-x", "--exclude", help="All but these.", metavar="NAMES")
]
Accounts = Annotated[str | None, typer.Option(help="Only these account ids, by comma.")]
AsJson = Annotated[bool, typer.Option("--json", help="The result as JSON on stdout.")]
Logs = Annotated[LogFormat, typer.Option("--log-format", help="How progress is told on stderr.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Only what is wrong.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="With tracebacks of bugs.")]
Wait = Annotated[str, typer.Option(help="How long to wait for another run's lock: 30s, 10m.")]
Where = Annotated[Target, typer.Option("--target", help="Which warehouse.")]
Sharded = Annotated[
    str | None,
    typer.Option(
        "--shard", help="This worker of several, from 0: 0/8. Postgres only.", metavar="I/S"
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Agreed to beforehand.")]


@app.command(context_settings=FLAGS_FROM_ENV)
def demo(verbose: Verbose = False) -> None:
    """Run everything once against the local sandbox. No keys needed."""

    def run() -> Exit:
        from .demo import run_demo

        return run_demo()

    _guarded(run, verbose)


@app.command(context_settings=FLAGS_FROM_ENV)
def init(verbose: Verbose = False) -> None:
    """Write .dlt/secrets.toml to fill in."""

    def run() -> Exit:
        from .init import write_secrets_file

        typer.echo(write_secrets_file())
        return Exit.OK

    _guarded(run, verbose)


@app.command(context_settings=FLAGS_FROM_ENV)
def check(
    provider: Annotated[str | None, typer.Argument(help="Only this provider.")] = None,
    target: Where = Target.duckdb,
    shard: Sharded = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Test keys, plan level, rate, warehouse, disk and versions; say how to fix each."""

    def run() -> Exit:
        from .settings import prepare_dlt

        prepare_dlt()
        from .check import run_checks, worst

        findings = run_checks(provider, target, shard_of(shard))
        if as_json:
            _print_json([vars(finding) for finding in findings])
        else:
            for finding in findings:
                typer.echo(finding.line())
        return worst(findings)

    _guarded(run, verbose)


@app.command(context_settings=FLAGS_FROM_ENV)
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
        from .settings import prepare_dlt

        prepare_dlt()
        from .sync import SyncRequest

        request = SyncRequest(
            select=select or [],
            exclude=exclude or [],
            accounts=_ids(accounts),
            full_refresh=full_refresh,
            target=target,
            shard=shard_of(shard),
        )
        return _tell_plan(request, as_json)

    _guarded(run, verbose)


@app.command(context_settings=FLAGS_FROM_ENV)
def sync(
    select: Select = None,
    exclude: Exclude = None,
    accounts: Accounts = None,
    full_refresh: Annotated[
        bool, typer.Option(help="Ask all histories again, whatever is known of them.")
    ] = False,
    max_requests: Annotated[
        int | None, typer.Option(min=0, help="Send no more requests than this.")
    ] = None,
    max_credits: Annotated[
        int | None, typer.Option(min=0, help="Spend no more credits than this, over all keys.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("-n", "--dry-run", help="Only the plan, as `social plan`.")
    ] = False,
    target: Where = Target.duckdb,
    shard: Sharded = None,
    wait: Wait = "0s",
    as_json: AsJson = False,
    log_format: Logs = LogFormat.auto,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Fetch what changed since the last run and load it.

    Safe to run again at any time: rows are merged by key, and a run that was stopped is taken up
    where it was.

    \b
    social sync                           everything that is due
    social sync -s tokportal.comments     one stream
    social sync --accounts 9f3a…,5b1f…    some accounts
    """

    def run() -> Exit:
        from .settings import prepare_dlt

        prepare_dlt()
        from sources.http.budget import Budget

        from .progress import progress
        from .sync import SyncRequest, new_run_id
        from .sync import sync as run_sync

        request = SyncRequest(
            select=select or [],
            exclude=exclude or [],
            accounts=[a.strip() for a in (accounts or "").split(",") if a.strip()],
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
        if as_json:
            _print_json(result.as_json())
        from .summary import last_line

        _say(last_line(result))
        return result.exit_code

    _guarded(run, verbose)


@app.command(context_settings=FLAGS_FROM_ENV)
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
    max_requests: Annotated[
        int | None, typer.Option(min=0, help="Send no more requests than this.")
    ] = None,
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
    """

    def run() -> Exit:
        from .settings import prepare_dlt

        prepare_dlt()
        from sources.http.budget import Budget

        from .backfill import BackfillRequest, span_of
        from .backfill import backfill as run_backfill
        from .progress import progress
        from .summary import last_line
        from .sync import new_run_id

        request = BackfillRequest(
            select=select or [],
            exclude=exclude or [],
            accounts=_ids(accounts),
            full_refresh=full_refresh,
            wait_seconds=seconds(wait),
            target=target,
            shard=shard_of(shard),
            budget=Budget(max_requests),
            span=span_of(since, until),
            chunk_days=days(chunk),
        )
        run_id = new_run_id()
        with progress(log_format, run_id, quiet=quiet) as told:
            result = run_backfill(request, run_id, told)
        if as_json:
            _print_json(result.as_json())
        _say(last_line(result))
        return result.exit_code

    _guarded(run, verbose)


@app.command(context_settings=FLAGS_FROM_ENV)
def status(
    max_age: Annotated[
        str | None, typer.Option(help="Exit 8 when an account's stream is older: 24h, 2d.")
    ] = None,
    target: Where = Target.duckdb,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Last run, freshness, coverage, failing accounts."""

    def run() -> Exit:
        from .settings import prepare_dlt

        prepare_dlt()
        from .destinations import destination
        from .status import print_status, read_status

        report = read_status(destination(target), seconds(max_age) if max_age else None)
        _print_json(report.as_json()) if as_json else print_status(report)
        return report.exit_code

    _guarded(run, verbose)


@app.command(context_settings=FLAGS_FROM_ENV)
def verify(
    live: Annotated[
        bool, typer.Option("--live", help="Ask the providers' totals too; nothing that costs.")
    ] = False,
    each: Annotated[
        bool, typer.Option("--each", help="With --live: of every account, a request each.")
    ] = False,
    target: Where = Target.duckdb,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Check what is loaded: keys, references, gaps, cursors, payloads, latest figures, totals.

    Exit 8 when a rule is broken. What was found also becomes rows of verify_findings.
    """

    def run() -> Exit:
        from .settings import prepare_dlt

        prepare_dlt()
        from .destinations import destination
        from .sync import new_run_id
        from .verify import VerifyRequest
        from .verify import verify as run_verify
        from .verify.shown import print_findings

        request = VerifyRequest(live=live or each, each=each)
        result = run_verify(destination(target), new_run_id(), request)
        _print_json(result.as_json()) if as_json else print_findings(result.findings)
        _say(result.last_line())
        return result.exit_code

    _guarded(run, verbose)


@app.command(context_settings=FLAGS_FROM_ENV)
def reprocess(
    select: Select = None,
    target: Where = Target.duckdb,
    shard: Sharded = None,
    wait: Wait = "0s",
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Type columns again from the stored payloads, after a declaration changed. No request.

    Safe to stop and to run again at any time. A column that a payload does not speak of keeps its
    value; a row that cannot be typed stays as it is and goes to sync_rejects.
    """

    def run() -> Exit:
        from .settings import prepare_dlt

        prepare_dlt()
        from .reprocess import ReprocessRequest
        from .reprocess import reprocess as run_reprocess
        from .sync import new_run_id

        request = ReprocessRequest(select or [], seconds(wait), target, shard_of(shard))
        result = run_reprocess(request, new_run_id(), _say)
        if as_json:
            _print_json(result.as_json())
        _say(result.last_line())
        return result.exit_code

    _guarded(run, verbose)


@app.command(context_settings=FLAGS_FROM_ENV)
def transform(
    select: Annotated[
        list[str] | None,
        typer.Option("-s", "--select", help="Only these, as dbt names them: `fct_post_day+`."),
    ] = None,
    full_refresh: Annotated[
        bool, typer.Option(help="Build the marts from nothing, whatever is known of them.")
    ] = False,
    target: Where = Target.duckdb,
    wait: Wait = "0s",
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Build the marts from what is landed, and test them; nothing where nothing was loaded."""

    def run() -> Exit:
        from .settings import prepare_dlt

        prepare_dlt()
        from .transform import TransformRequest
        from .transform import transform as run_transform

        request = TransformRequest(target, select or [], full_refresh, seconds(wait))
        result = run_transform(request)
        if as_json:
            _print_json(result.as_json())
        for name, why in result.broken:
            _say(f"BAD   {name}: {why}")
        _say(result.last_line())
        return result.exit_code

    _guarded(run, verbose)


@app.command(context_settings=FLAGS_FROM_ENV)
def schema(
    format_: Annotated[
        SchemaFormat, typer.Option("--format", help="How to print it.")
    ] = SchemaFormat.table,
    shard: Annotated[
        str | None, typer.Option(help="Of `grants`: for this many workers, 0/8.", metavar="I/S")
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Every table and column with its meaning."""

    def run() -> Exit:
        from .settings import prepare_dlt

        prepare_dlt()
        from .schema import describe

        workers = shard_of(shard)
        typer.echo(describe(format_, workers.count if workers else 1))
        return Exit.OK

    _guarded(run, verbose)


@app.command(context_settings=FLAGS_FROM_ENV)
def refresh(
    provider: Annotated[str, typer.Argument(help="tokportal, genviral, tokfluence.")],
    accounts: Annotated[
        str | None,
        typer.Option(
            help="By comma. TokPortal: account ids. Genviral: target ids or @handles. Tokfluence:"
            " handles, for all their posts in the warehouse."
        ),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Everything there is.")] = False,
    posts: Annotated[
        str | None, typer.Option(help="Tokfluence: post ids or addresses, by comma.")
    ] = None,
    missing: Annotated[
        bool, typer.Option("--missing", help="Tokfluence: the posts that it did not have.")
    ] = False,
    max_accounts: Annotated[
        int | None, typer.Option(min=0, help="Refresh no more than this.")
    ] = None,
    max_credits: Annotated[
        int | None, typer.Option(min=0, help="Spend no more credits than this; unset: none.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also what was measured lately; never over a quota.")
    ] = False,
    target: Where = Target.duckdb,
    wait: Annotated[
        str, typer.Option(help="How long to wait until the new captures show: 10m.")
    ] = "0s",
    yes: Yes = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Have the provider measure anew: count, price and what is left first.

    Nothing is sent for an account in its cooldown, nothing costs credits without --max-credits,
    and nothing is sent twice.

    \b
    social refresh genviral --all --yes                       what is free today
    social refresh tokfluence --missing --max-credits 500     at 25 credits a post
    """

    def run() -> Exit:
        from .settings import prepare_dlt

        prepare_dlt()
        from .refresh import RefreshRequest
        from .refresh import refresh as run_refresh

        request = RefreshRequest(
            provider,
            _ids(accounts),
            everything=all_,
            posts=_ids(posts),
            missing=missing,
            max_accounts=max_accounts,
            max_credits=max_credits,
            force=force,
            wait_seconds=seconds(wait),
            agreed=yes,
            watched=sys.stdin.isatty(),
            target=target,
        )
        result = run_refresh(request, _say)
        code = result.exit_code(waited=request.wait_seconds > 0)
        if as_json:
            _print_json(result.as_json(code))
        else:
            for row in result.rows:
                typer.echo(row.line())
        _say(result.last_line())
        return code

    _guarded(run, verbose)


@app.command(context_settings=FLAGS_FROM_ENV)
def report(
    provider: Annotated[str, typer.Option(help="Whose own report: tokportal.")],
    title: Annotated[str | None, typer.Option(help="Its title.")] = None,
    accounts: Accounts = None,
    since: Annotated[
        str | None, typer.Option("--from", "--since", help="First day (UTC).", metavar="DAY")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="The day after the last (UTC).", metavar="DAY")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write the page to this file instead of publishing it.")
    ] = None,
    tenant: Annotated[str | None, typer.Option(help="Which key, where there are several.")] = None,
    yes: Yes = False,
    verbose: Verbose = False,
) -> None:
    """Have the provider make its own HTML report: a page that anybody with its address can read."""

    def run() -> Exit:
        from .settings import prepare_dlt

        prepare_dlt()
        from .provider_report import ReportRequest, make_report, order, warning

        request = ReportRequest(provider, order(title, _ids(accounts), since, until), html, tenant)
        _agree(warning(html), yes)
        typer.echo(make_report(request))
        return Exit.OK

    _guarded(run, verbose)


@app.command(context_settings=FLAGS_FROM_ENV)
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
        from .settings import prepare_dlt

        prepare_dlt()
        from .listen import ListenRequest, handle_once
        from .listen import listen as run_listen
        from .progress import progress
        from .sync import new_run_id

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
        _say(drained.last_line())
        return drained.code

    _guarded(run, verbose)


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(help="0: any free port.")] = 8080,
    seed: Annotated[int, typer.Option(help="Another seed, another world.")] = 7,
    accounts: Annotated[int, typer.Option(help="Accounts in the world.")] = 99,
    posts: Annotated[int, typer.Option(help="Posts over all accounts.")] = 4876,
    days: Annotated[int, typer.Option(help="Days of history.")] = 60,
    clock: Annotated[
        str, typer.Option(help="The world's time at the start.")
    ] = "2026-05-28T09:00:00Z",
    rate: Annotated[int, typer.Option(help="TokPortal: requests per minute and key.")] = 120,
    genviral_rate: Annotated[int, typer.Option(help="The same of Genviral.")] = 60,
    tokfluence_rate: Annotated[int, typer.Option(help="The same of Tokfluence.")] = 600,
    tokfluence_credits: Annotated[int, typer.Option(help="Credits at the start.")] = 10_000,
    dialect: Annotated[
        str, typer.Option(help="How it says what the pages leave open: first, later.")
    ] = "first",
    tier: Annotated[
        str, typer.Option(help="Plan of the advertised key: full, creator, starter.")
    ] = "full",
    fault: Annotated[
        list[str] | None,
        typer.Option(help="[provider/]kind:path-regex[:times], may be repeated."),
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Serve the providers' documented APIs on loopback, from a world made of a seed."""

    def run() -> Exit:
        from sandbox.server import Settings, serve

        serve(
            Settings(
                port=port,
                seed=seed,
                accounts=accounts,
                posts=posts,
                days=days,
                clock=clock,
                rate=rate,
                genviral_rate=genviral_rate,
                tokfluence_rate=tokfluence_rate,
                tokfluence_credits=tokfluence_credits,
                dialect=dialect,
                tier=tier,
                faults=tuple(fault or ()),
            )
        )
        return Exit.OK

    _guarded(run, verbose)


def seconds(text: str) -> float:
    """30s, 10m, 24h, 2d or a plain number of seconds. Raises Stop (usage) otherwise."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd]?)", text.strip())
    if not match:
        raise usage(f"{text!r} is not a time span", "Write 30s, 10m, 24h or 2d.")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}[match[2]]


def days(text: str) -> int:
    """30d or a plain number of days. Raises Stop (usage) otherwise."""
    match = re.fullmatch(r"([1-9]\d{0,4})d?", text.strip())
    if not match:
        raise usage(f"{text!r} is not a number of days", "Write 30d.")
    return int(match[1])


def shard_of(text: str | None) -> Shard | None:
    """`0/8`; None for all accounts, also as `0/1`. Raises Stop (usage) otherwise."""
    from sources.extraction.shards import Shard

    try:
        shard = Shard.parse(text) if text else None
    except ValueError as error:
        raise usage(str(error), "Write --shard 0/8 for the first of eight, up to 7/8.") from None
    return shard if shard and shard.count > 1 else None


def _tell_plan(request: Any, as_json: bool) -> Exit:
    from . import plan as planning

    lines = planning.plan(request)
    _print_json(planning.as_json(lines)) if as_json else planning.print_plan(lines)
    return Exit.OK


def _ids(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _agree(what: str, yes: bool) -> None:
    """Raises Stop (usage) unless it was agreed to, beforehand or now."""
    _say(f"{what}.")
    agreed = yes or (sys.stdin.isatty() and typer.confirm("Go on?", err=True))
    if not agreed:
        raise usage("nothing was sent: this must be agreed to", "Run it again with --yes.")


def _guarded(run: Callable[[], Exit], verbose: bool) -> None:
    """Every command ends here: one exit code, one last line on stderr, never a bare traceback."""
    try:
        code = run()
    except Stop as stop:
        _say(f"{stop.message}. {stop.remedy}".strip())
        code = stop.code
    except KeyboardInterrupt:
        _say("Interrupted. What was committed stays.")
        code = Exit.INTERRUPTED
    except BrokenPipeError:
        code = Exit.OK
    except Exception as error:
        code = Exit.BUG
        _say_bug(error, verbose)
    sys.exit(int(code))


def _say_bug(error: Exception, verbose: bool) -> None:
    trace = "".join(traceback.format_exception(error))
    if verbose:
        _say(trace)
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__) is not None and cause not in causes:  # some lead back
        causes.append(cause)
    cause = causes[-1]
    first_line = (str(cause).splitlines() or [""])[0]
    _say(
        f"A bug: {type(cause).__name__}: {first_line}."
        " What was committed is safe; run again with -v and report what it prints."
    )


def _say(text: str) -> None:
    from sources.http.redaction import redact

    typer.echo(redact(text), err=True)


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2, default=str))


def main() -> None:
    """Entry point of the `social` script."""
    app()

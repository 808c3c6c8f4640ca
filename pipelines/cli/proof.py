"""Commands about what is loaded: status, verify, reprocess, migrate."""

from __future__ import annotations

from typing import Annotated

import typer

from ..exits import Exit
from .flags import AsJson, Select, Sharded, Target, Verbose, Wait, Where, Yes, seconds, shard_of
from .frame import agree, command, guarded, print_json, say


@command("Check and mend")
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
        from ..settings import prepare_dlt

        prepare_dlt()
        from ..destinations import destination
        from ..status import print_status, read_status

        report = read_status(destination(target), seconds(max_age) if max_age else None)
        print_json(report.as_json()) if as_json else print_status(report)
        return report.exit_code

    guarded(run, verbose, output_is_result=True)


@command("Check and mend")
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
        from ..settings import prepare_dlt

        prepare_dlt()
        from ..destinations import destination
        from ..sync import new_run_id
        from ..verify import VerifyRequest
        from ..verify import verify as run_verify
        from ..verify.shown import print_findings

        request = VerifyRequest(live=live or each, each=each)
        result = run_verify(destination(target), new_run_id(), request)
        print_json(result.as_json()) if as_json else print_findings(result.findings)
        say(result.last_line())
        return result.exit_code

    guarded(run, verbose)


@command("Check and mend")
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
        from ..settings import prepare_dlt

        prepare_dlt()
        from ..reprocess import ReprocessRequest
        from ..reprocess import reprocess as run_reprocess
        from ..sync import new_run_id

        request = ReprocessRequest(select or [], seconds(wait), target, shard_of(shard))
        result = run_reprocess(request, new_run_id(), say)
        if as_json:
            print_json(result.as_json())
        say(result.last_line())
        return result.exit_code

    guarded(run, verbose)


@command("Check and mend")
def migrate(
    dry_run: Annotated[
        bool, typer.Option("-n", "--dry-run", help="Only list what would be done.")
    ] = False,
    yes: Yes = False,
    target: Where = Target.duckdb,
    shard: Sharded = None,
    wait: Wait = "0s",
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Bring a warehouse that an older version of social made to this version. No request.

    Safe to stop and to run again at any time: each migration is one transaction. A sync does it by
    itself where no stored value can be lost.
    """

    def run() -> Exit:
        from ..settings import prepare_dlt

        prepare_dlt()
        from ..migrate import MigrateRequest, migrate_warehouse

        request = MigrateRequest(target, seconds(wait), dry_run, shard_of(shard))
        result = migrate_warehouse(request, lambda what: agree(what, yes))
        if as_json:
            print_json(result.as_json())
        for line in result.lines():
            say(line)
        say(result.last_line())
        return Exit.OK

    guarded(run, verbose)

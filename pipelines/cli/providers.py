"""What a provider does on demand: refresh."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ..exits import Exit
from .flags import AsJson, Target, Verbose, Where, Yes, ids, seconds
from .frame import command, guarded, print_json, print_text, say


@command("Have a provider act")
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
        from ..settings import prepare_dlt

        prepare_dlt()
        from ..refresh import RefreshRequest
        from ..refresh import refresh as run_refresh

        request = RefreshRequest(
            provider,
            ids(accounts),
            everything=all_,
            posts=ids(posts),
            missing=missing,
            max_accounts=max_accounts,
            max_credits=max_credits,
            force=force,
            wait_seconds=seconds(wait),
            agreed=yes,
            watched=sys.stdin.isatty(),
            target=target,
        )
        result = run_refresh(request, say)
        code = result.exit_code(waited=request.wait_seconds > 0)
        if as_json:
            print_json(result.as_json(code))
        else:
            for row in result.rows:
                print_text(row.line())
        say(result.last_line())
        return code

    guarded(run, verbose)

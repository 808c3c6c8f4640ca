"""Commands to begin with: demo, init, check, sandbox."""

from __future__ import annotations

from typing import Annotated

import typer

from ..exits import Exit
from .flags import AsJson, Sharded, Target, Verbose, Where, shard_of
from .frame import command, guarded, print_json, print_text
from .variables import SandboxCommand


@command("Begin")
def demo(verbose: Verbose = False) -> None:
    """Run everything once against the local sandbox. No keys needed."""

    def run() -> Exit:
        from ..demo import run_demo

        return run_demo()

    guarded(run, verbose)


@command("Begin")
def init(verbose: Verbose = False) -> None:
    """Write .dlt/secrets.toml to fill in."""

    def run() -> Exit:
        from ..init import write_secrets_file

        typer.echo(write_secrets_file())
        return Exit.OK

    guarded(run, verbose)


@command("Begin")
def check(
    provider: Annotated[str | None, typer.Argument(help="Only this provider.")] = None,
    target: Where = Target.duckdb,
    shard: Sharded = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Test keys, plan level, rate, warehouse, disk and versions; say how to fix each."""

    def run() -> Exit:
        from ..settings import prepare_dlt

        prepare_dlt()
        from ..check import run_checks, worst

        findings = run_checks(provider, target, shard_of(shard))
        if as_json:
            print_json([vars(finding) for finding in findings])
        else:
            for finding in findings:
                print_text(finding.line())
        return worst(findings)

    guarded(run, verbose, output_is_result=True)


@command("Begin", cls=SandboxCommand)
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

    guarded(run, verbose)

"""`social clients`: the rules that map references to clients and campaigns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..exits import Exit
from .flags import AsJson, Target, Verbose, Where
from .frame import app, guarded, print_json, print_text, say
from .variables import SocialCommand

clients = typer.Typer(
    help="Test the rules of .dlt/clients.toml.",
    no_args_is_help=True,
)
app.add_typer(clients, name="clients", rich_help_panel="Check and mend")


@clients.callback()
def _commands() -> None:
    """Test the rules of .dlt/clients.toml."""


@clients.command(cls=SocialCommand)
def check(
    file: Annotated[
        Path | None, typer.Argument(help="The rules to try; else .dlt/clients.toml.")
    ] = None,
    target: Where = Target.duckdb,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Count the posts that each rule catches. Changes nothing and builds nothing.

    \b
    social clients check                    the rules in use
    social clients check new.toml           rules that are not in use yet
    """

    def run() -> Exit:
        from ..settings import prepare_dlt

        prepare_dlt()
        from ..client_rules import check_file
        from ..destinations import destination

        coverage = check_file(destination(target), file)
        if as_json:
            print_json(coverage.as_json())
            return Exit.OK
        for line in coverage.lines():
            (say if line.startswith("WARN") else print_text)(line)
        return Exit.OK

    guarded(run, verbose, output_is_result=True)

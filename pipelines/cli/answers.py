"""Commands for who reads the warehouse: transform, schema."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from ..exits import Exit
from .flags import AsJson, Target, Verbose, Wait, Where, seconds, shard_of
from .frame import command, guarded, print_json, say


class SchemaFormat(StrEnum):
    table = "table"
    md = "md"
    json = "json"
    sql = "sql"
    dbt = "dbt"
    grants = "grants"


@command("Read")
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
        from ..settings import prepare_dlt

        prepare_dlt()
        from ..transform import TransformRequest
        from ..transform import transform as run_transform

        request = TransformRequest(target, select or [], full_refresh, seconds(wait))
        result = run_transform(request)
        if as_json:
            print_json(result.as_json())
        for name, why in result.broken:
            say(f"BAD   {name}: {why}")
        say(result.last_line())
        return result.exit_code

    guarded(run, verbose)


@command("Read")
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
        from ..settings import prepare_dlt

        prepare_dlt()
        from ..schema import describe

        workers = shard_of(shard)
        typer.echo(describe(format_, workers.count if workers else 1))
        return Exit.OK

    guarded(run, verbose)

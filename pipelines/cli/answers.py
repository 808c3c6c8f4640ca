"""Commands for who reads the warehouse: transform, schema, query, publish."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..exits import Exit
from .flags import AsJson, Mode, Target, Verbose, Wait, Where, file_mode, seconds, shard_of
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
        for note in result.notes:
            say(note)
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

    guarded(run, verbose, output_is_result=True)


class QueryFormat(StrEnum):
    table = "table"
    csv = "csv"
    json = "json"


@command("Read")
def query(
    sql: Annotated[str, typer.Argument(help="The SQL; `-`: from stdin.", metavar="SQL")],
    format_: Annotated[
        QueryFormat, typer.Option("--format", help="A table for people, or csv, json.")
    ] = QueryFormat.table,
    safe_csv: Annotated[
        bool, typer.Option(help="CSV in which no spreadsheet finds a formula (= + - @).")
    ] = False,
    target: Where = Target.duckdb,
    timeout: Annotated[str, typer.Option(help="Stop the query after so long: 30s, 10m.")] = "10m",
    verbose: Verbose = False,
) -> None:
    """Ask the warehouse; nothing can be written.

    \b
    social query 'select handle, platform from marts.dim_account'
    social query --format csv - < question.sql > answer.csv
    social query --safe-csv 'select * from marts.dim_post' > for-excel.csv
    """

    def run() -> Exit:
        from ..settings import prepare_dlt

        prepare_dlt()
        from .. import query as asking
        from ..destinations import destination

        chosen = QueryFormat.csv if safe_csv else format_
        writers = {
            QueryFormat.table: asking.as_table(say, terminal=sys.stdout.isatty()),
            QueryFormat.csv: asking.as_csv(sys.stdout, for_spreadsheet=safe_csv),
            QueryFormat.json: asking.as_json(sys.stdout),
        }
        asked = sys.stdin.read() if sql == "-" else sql
        place = destination(target)
        if place.warning_before_query:
            say(f"WARNING  {place.warning_before_query}.")
        asking.query(place, asked, writers[chosen], seconds(timeout))
        return Exit.OK

    guarded(run, verbose, output_is_result=True)


@command("Read")
def publish(
    output: Annotated[
        Path | None, typer.Option(help="The copy; else published.duckdb beside the warehouse.")
    ] = None,
    parquet: Annotated[
        Path | None, typer.Option(help="Also as Parquet, under DIR/current.", metavar="DIR")
    ] = None,
    mode: Mode = None,
    target: Where = Target.duckdb,
    wait: Wait = "0s",
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Copy the marts to a file of their own for BI, and put it in place at one stroke."""

    def run() -> Exit:
        from ..settings import prepare_dlt

        prepare_dlt()
        from ..destinations import destination
        from ..publish import PublishRequest
        from ..publish import publish as run_publish

        readers = file_mode(mode)
        request = PublishRequest(destination(target), output, parquet, seconds(wait), readers)
        result = run_publish(request)
        if as_json:
            print_json(result.as_json())
        say(result.last_line())
        return Exit.OK

    guarded(run, verbose)

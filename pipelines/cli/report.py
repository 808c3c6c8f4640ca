"""`social report`: the page of our marts, or with --provider the one that a provider makes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..exits import Exit, usage
from .flags import Accounts, AsJson, Mode, Target, Verbose, Where, Yes, file_mode, ids
from .frame import agree, command, guarded, print_json, print_text, say


@command("Read")
def report(
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="The file to write; else beside the warehouse."),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", "--since", help="First day (UTC).", metavar="DAY")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="The day after the last (UTC).", metavar="DAY")
    ] = None,
    days: Annotated[
        int, typer.Option(min=1, max=3660, help="Without --since: this many days.")
    ] = 28,
    client: Annotated[
        str | None, typer.Option(help="This client alone; the file holds nothing of any other.")
    ] = None,
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Also as PDF, printed by a headless Chromium.")
    ] = False,
    mode: Mode = None,
    target: Where = Target.duckdb,
    as_json: AsJson = False,
    provider: Annotated[
        str | None, typer.Option(help="Have this provider make its own report: tokportal.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="With --provider: its title.")] = None,
    accounts: Accounts = None,
    html: Annotated[
        Path | None, typer.Option(help="With --provider: a file, instead of publishing the page.")
    ] = None,
    tenant: Annotated[
        str | None, typer.Option(help="With --provider: which key, where there are several.")
    ] = None,
    yes: Yes = False,
    verbose: Verbose = False,
) -> None:
    """Write the marts as one HTML file: charts, tables, and the query of every number.

    The file opens offline. The period ends with the last settled day unless --until says otherwise.
    With --provider a provider makes a page of its own, which anybody with its address can read.

    \b
    social report                           28 days, data/report.html
    social report --client Acme -o acme.html --pdf
    """

    def run() -> Exit:
        from ..settings import prepare_dlt

        prepare_dlt()
        _one_kind(
            provider,
            of_marts={
                "--output": output,
                "--client": client,
                "--pdf": pdf,
                "--mode": mode,
                "--json": as_json,
            },
            of_provider={
                "--title": title,
                "--accounts": accounts,
                "--html": html,
                "--tenant": tenant,
            },
        )
        if provider is not None:
            from ..provider_report import order

            ordered = order(title, ids(accounts), since, until)
            return _provider_report(provider, ordered, html, tenant, yes)
        from ..report import ReportRequest

        readers = file_mode(mode) or 0o600
        request = ReportRequest(target, output, since, until, days, client, pdf, readers)
        return _report(request, as_json)

    guarded(run, verbose)


def _one_kind(provider: str | None, of_marts: dict[str, Any], of_provider: dict[str, Any]) -> None:
    """Raises Stop (usage) for a flag of the other kind of report."""
    for flag, given in (of_marts if provider is not None else of_provider).items():
        if given:
            kind = "without" if provider is not None else "with"
            raise usage(f"{flag} goes {kind} --provider", "Leave one of them out.")


def _report(request: Any, as_json: bool) -> Exit:
    from ..report import make_report

    result = make_report(request)
    if as_json:
        print_json(result.as_json())
    else:
        for path in filter(None, (result.path, result.pdf)):
            print_text(str(path))
    for warning in result.warnings:
        say(warning)
    say(result.last_line())
    return Exit.OK


def _provider_report(
    provider: str, ordered: Any, html: Path | None, tenant: str | None, yes: bool
) -> Exit:
    from ..provider_report import ReportRequest, make_report, warning

    agree(warning(html), yes)
    print_text(make_report(ReportRequest(provider, ordered, html, tenant)))
    return Exit.OK

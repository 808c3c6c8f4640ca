"""`social report`: the marts as one HTML file that can be sent to anybody and opened offline."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..copies import Copies
from ..destinations import Destination, Warehouse, destination
from ..exits import Exit, Stop, usage
from . import health
from .branding import Branding, branding
from .page import Page
from .pdf import browser, print_pdf
from .scope import Period, Scope, clients, known, period
from .sections import Reading, sections

_NEEDED = {"dim_account", "dim_post", "fct_account_day", "fct_post_day", "rollup_report"} | {
    "bridge_post_campaign",
    "dim_campaign",
    "ops_freshness",
    "ops_runs",
}


@dataclass(frozen=True)
class ReportRequest:
    """What was asked on the command line. `since` is the first day, `until` the day after the last
    (UTC); without them `days` days that end with the last settled one. `output`: else beside the
    warehouse. `pdf`: print the page as well. `mode`: of the files."""

    target: str = "duckdb"
    output: Path | None = None
    since: str | None = None
    until: str | None = None
    days: int = 28
    client: str | None = None
    pdf: bool = False
    mode: int = 0o600


@dataclass(frozen=True)
class ReportResult:
    """What was written. `pdf`: None when it was not requested."""

    path: Path
    pdf: Path | None
    bytes: int
    period: Period
    client: str | None
    warnings: list[str]
    figures: int

    def as_json(self) -> dict[str, Any]:
        days = {"since": str(self.period.since), "until": str(self.period.until)}
        told = {name: value for name, value in vars(self).items() if name != "period"}
        files = {"path": str(self.path), "pdf": str(self.pdf) if self.pdf else None}
        return {**told, **files, **days}

    def last_line(self) -> str:
        return (
            f"{self.figures} figures for {self.period.since} to {self.period.last},"
            f" {self.bytes / 1000:,.0f} kB. The page opens offline."
        )


def make_report(request: ReportRequest) -> ReportResult:
    """Write the page, whole or not at all. Raises Stop: no warehouse, no marts, no such client."""
    place = destination(request.target)
    if not place.exists():
        missing = f"there is no warehouse at {place.target} yet"
        raise Stop(Exit.DESTINATION, missing, "Run `social sync`.")
    program, brand = browser() if request.pdf else "", branding()
    path = request.output or _beside(place, request.client)
    if path.exists() and not path.is_file():  # a rename would replace a device, as /dev/stdout
        raise usage(f"{path} is no regular file", "Name a file as --output.")
    if not path.parent.is_dir():
        raise usage(f"there is no folder {path.parent}", "Make it, or name another --output.")
    with place.reading() as warehouse:
        _demand_marts(warehouse)
        page = _page(warehouse, request, brand)
    written = page.html().encode()
    _write(path, written, request.mode)
    copies = Copies(place)
    copies.add_report(path)
    pdf = path.with_suffix(".pdf") if request.pdf else None
    if pdf:
        print_pdf(program, path, pdf, request.mode)
        copies.add_report(pdf)
    return ReportResult(
        path,
        pdf,
        len(written),
        page.scope.period,
        request.client,
        list(page.warnings),
        sum(_count(section) for section in page.sections),
    )


def _beside(place: Destination, client: str | None) -> Path:
    name = re.sub(r"\W+", "-", client).strip("-") if client else ""
    return place.folder / f"report{'-' + name if name else ''}.html"


def _demand_marts(warehouse: Warehouse) -> None:
    marts, remedy = warehouse.tables("marts"), "Run `social transform`."
    if missing := sorted(_NEEDED - set(marts)):
        raise Stop(Exit.DESTINATION, f"there is no mart {missing[0]} yet", remedy)
    if "is_settled" not in marts["fct_account_day"] & marts["fct_post_day"]:
        raise Stop(Exit.DESTINATION, "an older version built the marts", remedy)


def _page(warehouse: Warehouse, request: ReportRequest, brand: Branding) -> Page:
    names = clients(warehouse)
    client = known(request.client, names)
    days = period(warehouse, request.since, request.until, request.days, client)
    reading = Reading(warehouse, Scope(days, client))
    warnings, as_of = health.warnings(warehouse), health.as_of(warehouse)
    return Page(reading.scope, as_of, warnings, list(sections(reading, names)), brand)


def _count(section: Any) -> int:
    return len(section.figures) + sum(_count(group) for group in section.groups)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Beside the old file, then in its place."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(name).chmod(mode)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise usage(f"{path} cannot be written: {error.strerror}", "Name another --output.") from (
            error
        )

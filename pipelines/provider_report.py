"""`social report --provider tokportal`: has the provider make its own HTML report.

It is published at an address that anybody who has it can read. The address is printed once, and
neither logged nor stored; nothing here can ask for it again.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

from sources.http.client import HttpClient
from sources.http.errors import NotInPlan, ProviderError, RateLimited, Retriable
from sources.tokportal.actions import ReportOrder, TokPortalActions

from .exits import Exit, Stop, usage
from .refresh import configured, connection_of
from .refresh_plan import judge
from .settings import ProviderSettings

T = TypeVar("T")


@dataclass(frozen=True)
class ReportRequest:
    """What was asked on the command line. `since` is the first day, `until` the day after the last
    (UTC). `html`: a file to write instead of printing an address."""

    provider: str
    order: ReportOrder
    html: Path | None = None
    tenant: str | None = None


def order(
    title: str | None, accounts: list[str], since: str | None, until: str | None
) -> ReportOrder:
    """The order in the provider's words: its last day is inclusive, ours is not."""
    first_day, end = _day(since), _day(until)
    if first_day and end and first_day >= end:
        raise usage(f"{since} to {until} holds no day", "--until is the day after the last one.")
    last_day = (end - timedelta(days=1)).isoformat() if end else None
    return ReportOrder(title, accounts, first_day.isoformat() if first_day else None, last_day)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise usage(f"{text!r} is not a day", "Write YYYY-MM-DD.") from None


def warning(html: Path | None) -> str:
    """What is about to happen, for whoever has to agree."""
    if html:
        return f"TokPortal makes a report, which is written to {html} for its owner alone"
    return "TokPortal publishes a report: whoever has its address can read it, without a password"


def make_report(request: ReportRequest) -> str:
    """Address of the report, or the file written. Raises Stop.

    Exit 3 when the plan does not include it, 5 when it is unknown whether it was made.
    """
    if request.provider != "tokportal":
        raise usage(f"{request.provider!r} makes no reports", "Known: tokportal.")
    settings = configured(request.provider)
    tenant = _tenant(settings, request.tenant)
    if request.html is None:
        return _ask(settings, tenant, lambda actions: actions.create_report(request.order))
    _check_folder(request.html)
    page = _ask(settings, tenant, lambda actions: actions.get_report_html(request.order))
    _write(request.html, page)
    return str(request.html)


def _tenant(settings: ProviderSettings, named: str | None) -> str:
    labels = list(settings.keys)
    tenant = named or (labels[0] if len(labels) == 1 else "default")
    if tenant not in labels:
        raise usage("which key is not said", f"Give --tenant, one of: {', '.join(labels)}.")
    return tenant


def _ask(
    settings: ProviderSettings, tenant: str, work: Callable[[TokPortalActions], Awaitable[T]]
) -> T:
    connection = connection_of(settings, tenant)

    async def run() -> T:
        async with HttpClient(connection) as http:
            return await work(TokPortalActions(http))

    try:
        return asyncio.run(run())
    except ProviderError as error:
        raise _stop(error) from error


def _stop(error: ProviderError) -> Stop:
    code, message, remedy = judge(error)
    if isinstance(error, NotInPlan):
        return Stop(code, f"the plan or scope of the key has no reports: {message}", remedy)
    if isinstance(error, Retriable) and not isinstance(error, RateLimited):
        return Stop(
            code,
            f"whether the report was made is unknown: {message}",
            "It is not asked again by itself: look in TokPortal's console first.",
        )
    return Stop(code, message, remedy)


def _check_folder(file: Path) -> None:
    """Before anything is asked: a report that cannot be written was made in vain."""
    if file.is_dir() or not os.access(file.absolute().parent, os.W_OK):
        raise usage(f"{file} cannot be written", "Name a file in a folder that is yours.")


def _write(file: Path, page: bytes) -> None:
    half = file.with_name(f".{file.name}.{uuid.uuid4().hex[:8]}")
    try:
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(page)
        half.replace(file)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise Stop(Exit.DESTINATION, f"{file} cannot be written: {error.strerror}") from error

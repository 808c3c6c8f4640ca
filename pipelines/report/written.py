"""Values as people read them, and as a machine reads them back from the page."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from markupsafe import Markup, escape

from .query import Column, Kind, platform_title

UNSAID = Markup('<span aria-hidden="true">–</span><span class="unseen">not said</span>')
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# What HTML and XML do not take, and what would turn or break the lines around it.
_CONTROLS = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")


def clean(text: str) -> str:
    """Third-party text without control characters; everything else stays as it is."""
    return _CONTROLS.sub("\ufffd", text)


def machine(value: Any) -> str:
    """A value as text that can be compared with the query's own."""
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value)
    return value.isoformat() if isinstance(value, date) else clean(str(value))


def written(value: Any, kind: Kind) -> str:
    """A value for people; dates and numbers in one form everywhere."""
    match kind:
        case Kind.number:
            return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
        case Kind.signed:
            return f"{value:+,}".replace("-", "−")
        case Kind.share:
            return f"{100 * value:.2f} %"
        case Kind.change:
            return f"{100 * value:+.1f} %".replace("-", "−")
        case Kind.times:
            return f"{value:.2f} ×"
        case Kind.hours:
            return f"{value:,.1f} h"
        case Kind.day:
            return f"{value.day} {value:%b %Y}"
        case Kind.moment:
            return moment(value)
        case Kind.settled:
            return "yes" if value else "no"
        case Kind.weekday:
            return _WEEKDAYS[value - 1]
        case Kind.block:
            return f"{value:02d}–{value + 3:02d} h"
        case Kind.platform:
            return clean(platform_title(value))
        case Kind.handle:
            return clean(f"@{value}")
        case _:
            return clean(str(value))


def moment(value: datetime) -> str:
    return f"{value.day} {value:%b %Y, %H:%M}"


def short(value: float) -> str:
    """8,135,326 as 8.14 M."""
    for size, sign in ((1e9, "bn"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= 10 * size or (abs(value) >= size and size > 1e3):
            return f"{value / size:.3g} {sign}".replace("-", "−")
    return f"{value:,.0f}".replace("-", "−")


def coded(text: str) -> Markup:
    """Our own words, with what stands between backticks as code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704


def direction(change: float) -> str:
    """The style of a change: what rounds to nothing has no arrow."""
    return "" if abs(change) < 0.0005 else "up" if change > 0 else "down"


def data(value: Any, kind: Kind, words: str | None = None) -> Markup:
    """A figure inside a sentence: it is also a cell of the table below."""
    if value is None:
        return UNSAID
    told = words if words is not None else written(value, kind)
    return Markup('<data value="{}">{}</data>').format(machine(value), told)


def cell(value: Any, column: Column) -> Markup:
    """What stands in a cell of a table."""
    if value is None:
        return UNSAID
    if column.kind is Kind.link:
        return _link(value)
    if column.kind in (Kind.text, Kind.prose, Kind.platform, Kind.handle):
        return Markup('<bdi dir="auto">{}</bdi>').format(written(value, column.kind))
    return escape(written(value, column.kind))


def _link(address: str) -> Markup:
    """Addresses come from outside: only http and https are links."""
    shown = clean(address)
    if not re.match(r"https?://[^\s/]", shown, re.IGNORECASE):
        return Markup("<bdi>{}</bdi>").format(shown)
    return Markup('<a href="{0}" rel="noopener noreferrer" target="_blank">Open</a>').format(shown)

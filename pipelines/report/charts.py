"""Charts as Vega-Lite specifications: rows and a palette in, a chart out. Nothing is fetched.

What nobody observed is a hatched band and a break in the line, never a zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import altair as alt

from .query import PLATFORMS, Answer, platform_title
from .written import clean

WIDE, HALF, HIGH = 980, 500, 220
HATCH = "url(#hatch)"
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DASHES = ([1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [4, 4], [1, 3])
_FONT = "system-ui, sans-serif"


@dataclass(frozen=True)
class Palette:
    """Colours against their ground: lines at least 4.5 to 1."""

    lines: tuple[str, ...]
    ground: str
    words: str
    rule: str
    heat: tuple[str, ...]
    heat_words: tuple[str, str]  # on the low end, on the high end …
    heat_turn: float  # … and where between them the second reads better


LIGHT = Palette(
    ("#0072B2", "#C2410C", "#007A59", "#A23B72", "#5B5B66"),
    "#ffffff",
    "#3c4043",
    "#e3e6ea",
    ("#f1f6fb", "#0b5c94"),
    ("#000000", "#ffffff"),
    0.79,
)
DARK = Palette(
    ("#56B4E9", "#E69F00", "#4FD1A5", "#F2A3C7", "#B9BDC7"),
    "#171c23",
    "#cdd3da",
    "#323a45",
    ("#1d2a36", "#7cc8f5"),
    ("#ffffff", "#000000"),
    0.52,
)


def lines(answer: Answer, names: Sequence[str], width: int, axis: str, palette: Palette) -> Any:
    """A line per name over the days of the answer; `axis` is a number format of d3's."""
    values = [
        {"day": _midnight(row["day"]), "platform": _label(name), "value": row[name]}
        for row in answer.rows
        for name in names
    ]
    gaps = [row["day"] for row in answer.rows if all(row[name] is None for name in names)]
    days = [row["day"] for row in answer.rows]
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X("day:T", scale=_days_scale(days), axis=_days_axis(days, width)),
        y=alt.Y("value:Q", title=None, axis=alt.Axis(format=axis, tickCount=5)),
        color=_colors(names, palette),
    )
    return _themed(
        alt.layer(*_bands(gaps, days, width), *_marks(base, names)), width, HIGH, palette
    )


def curves(answer: Answer, names: Sequence[str], width: int, palette: Palette) -> Any:
    """Median views by age in days, a line per platform."""
    values = [
        {"age": row["age_days"], "platform": _label(name), "value": row[name]}
        for row in answer.rows
        for name in names
    ]
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X("age:Q", title="age in days", axis=alt.Axis(grid=False, tickCount=10)),
        y=alt.Y("value:Q", title=None, axis=alt.Axis(format="~s", tickCount=5)),
        color=_colors(names, palette),
    )
    return _themed(alt.layer(*_marks(base, names)), width, HIGH, palette)


def heat(answer: Answer, width: int, palette: Palette) -> Any:
    """Weekday by three hours. A cell with too few posts is hatched; its figure is not told."""
    values = [
        {
            "weekday": WEEKDAYS[row["weekday"] - 1],
            "hours": f"{row['hour']:02d}–{row['hour'] + 3:02d}",
            "value": row["median_per_account_median"],
            "high": False,
        }
        for row in answer.rows
    ]
    told = [cell["value"] for cell in values if cell["value"] is not None]
    ends = [min(told), max(told)]
    turn = ends[0] + palette.heat_turn * (ends[1] - ends[0])
    for cell in values:
        cell["high"] = cell["value"] is not None and cell["value"] > turn
    return _themed(_cells(values, ends, palette), width, HIGH, palette)


def _cells(values: list[dict[str, Any]], ends: list[float], palette: Palette) -> Any:
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X("hours:O", title="hours (UTC)", axis=alt.Axis(labelAngle=0, grid=False)),
        y=alt.Y("weekday:O", title=None, sort=list(WEEKDAYS)),
    )
    told, untold = "isValid(datum.value)", "!isValid(datum.value)"
    low, high = palette.heat_words
    return alt.layer(
        base.transform_filter(untold).mark_rect(fill=HATCH, stroke=palette.ground),
        base.transform_filter(told)
        .mark_rect(stroke=palette.ground, strokeWidth=2)
        .encode(
            color=alt.Color(
                "value:Q", scale=alt.Scale(domain=ends, range=list(palette.heat)), legend=None
            )
        ),
        base.transform_filter(told)
        .mark_text(fontSize=11)
        .encode(
            text=alt.Text("value:Q", format=".2f"),
            color=alt.condition("datum.high", alt.value(high), alt.value(low)),
        ),
    )


def bars(answer: Answer, name: str, width: int, palette: Palette) -> Any:
    """A count per day; days that have none are hatched."""
    days = [row["day"] for row in answer.rows]
    values = [{"day": _midnight(row["day"]), "value": row[name]} for row in answer.rows]
    gaps = [row["day"] for row in answer.rows if not row[name]]
    thick = max(1, round(0.7 * width / len(days)))
    chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_bar(size=thick, color=palette.lines[0])
        .encode(
            x=alt.X("day:T", scale=_days_scale(days), axis=_days_axis(days, width)),
            y=alt.Y("value:Q", title=None, axis=alt.Axis(format="~s", tickCount=3)),
        )
    )
    return _themed(alt.layer(*_bands(gaps, days, width), chart), width, 90, palette)


_LEGEND = alt.Legend(
    title=None, orient="top", symbolType="stroke", symbolStrokeWidth=2.5, symbolSize=500
)


def _marks(base: Any, names: Sequence[str]) -> tuple[Any, Any]:
    """A line, told apart by colour and dashes, and a point for each figure, also a lonely one."""
    dashes = alt.Scale(domain=_labels(names), range=_dashes(names))
    dashed = alt.StrokeDash("platform:N", scale=dashes, legend=_LEGEND)
    points = base.mark_point(filled=True, size=16, opacity=1)
    return base.mark_line(strokeWidth=2).encode(strokeDash=dashed), points


def _colors(names: Sequence[str], palette: Palette) -> Any:
    """The last colour stands for all platforms beyond the fourth; dashes still tell them apart."""
    last = len(palette.lines) - 1
    colors = [palette.lines[min(slot, last)] for slot in _slots(names)]
    scale = alt.Scale(domain=_labels(names), range=colors)
    return alt.Color("platform:N", scale=scale, legend=_LEGEND)


def _labels(names: Sequence[str]) -> list[str]:
    return [_label(name) for name in names]


def _label(name: str) -> str:
    return clean(platform_title(name))


def _dashes(names: Sequence[str]) -> list[list[int]]:
    return [_DASHES[slot % len(_DASHES)] for slot in _slots(names)]


def _slots(names: Sequence[str]) -> list[int]:
    """A platform looks the same in every chart, whichever others are beside it."""
    known = list(PLATFORMS)
    others = [name for name in names if name not in known]
    return [
        known.index(name) if name in known else len(known) + others.index(name) for name in names
    ]


def _bands(gaps: Sequence[date], days: Sequence[date], width: int) -> list[Any]:
    """A band per run of days without any figure."""
    if not gaps:
        return []
    values = [{"from": _edge(begin), "to": _edge(end)} for begin, end in _runs(gaps)]
    chart = alt.Chart(alt.InlineData(values=values)).mark_rect(fill=HATCH)
    x = alt.X("from:T", scale=_days_scale(days), axis=_days_axis(days, width))
    return [chart.encode(x=x, x2=alt.X2("to:T"))]


def _runs(days: Sequence[date]) -> list[tuple[date, date]]:
    """First day and the day after the last of each run."""
    found: list[tuple[date, date]] = []
    for day in days:
        if found and found[-1][1] == day:
            found[-1] = (found[-1][0], day + timedelta(days=1))
        else:
            found.append((day, day + timedelta(days=1)))
    return found


def _midnight(day: date) -> int:
    """Milliseconds, as charts count time."""
    return (day - date(1970, 1, 1)).days * 86_400_000


def _edge(day: date) -> int:
    """Between this day's mark and the one before."""
    return _midnight(day) - 43_200_000


def _days_scale(days: Sequence[date]) -> Any:
    return alt.Scale(type="utc", domain=[_edge(days[0]), _edge(days[-1] + timedelta(days=1))])


def _days_axis(days: Sequence[date], width: int) -> Any:
    """As many labels as fit, from the first day on."""
    step = max(1, -(-len(days) * 70 // width))
    ticks: list[Any] = [_midnight(day) for day in days[::step]]
    return alt.Axis(
        values=ticks, format="%-d %b", grid=False, title=None, labelOverlap=True, labelFlush=False
    )


def _themed(chart: Any, width: int, height: int, palette: Palette) -> Any:
    return (
        chart.properties(width=width - 60, height=height, background="transparent", padding=4)
        .configure(font=_FONT)
        .configure_axis(
            labelColor=palette.words,
            titleColor=palette.words,
            titleFontWeight="normal",
            domainColor=palette.rule,
            tickColor=palette.rule,
            gridColor=palette.rule,
            labelFontSize=12,
            titleFontSize=12,
        )
        .configure_legend(labelColor=palette.words, labelFontSize=12.5)
        .configure_view(stroke=None)
    )

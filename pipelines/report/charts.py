"""Charts as Vega-Lite specifications: rows in, a chart out. Nothing is fetched.

What nobody measured is a hatched band and a break in the line, never a zero. Days that may still
change have a grey band and hollow points.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import altair as alt

from .query import PLATFORMS, Answer, platform_title
from .written import clean

WIDE, HALF, NARROW, HIGH = 980, 500, 330, 220
HATCH = "url(#hatch)"
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DASHES = ([1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [4, 4], [1, 3])
_FONT = "system-ui, sans-serif"


# Colours of the style sheet, which has them for each theme: lines at least 4.5 to 1 on the card.
_LINES = tuple(f"var(--line-{number})" for number in range(1, 6))
_GROUND, WORDS, RULE = "var(--card)", "var(--chart-words)", "var(--chart-rule)"
_HEAT = "var(--heat)"
# A cell is more opaque the higher it is. Which text reads better on it depends on the theme.
_FAINTEST = 0.06
_HEAT_WORDS = ((0.52, "var(--heat-low)"), (0.79, "var(--heat-middle)"), (1.0, "var(--heat-high)"))


def lines(answer: Answer, names: Sequence[str], width: int, axis: str) -> Any:
    """A line per name over the days of the answer; `axis` is a number format of d3's."""
    values = [
        {
            "day": _midnight(row["day"]),
            "platform": _label(name),
            "value": row[name],
            "settled": row["is_settled"] is not False,
        }
        for row in answer.rows
        for name in names
    ]
    unsettled = [row["day"] for row in answer.rows if row["is_settled"] is False]
    gaps = [row["day"] for row in answer.rows if all(row[name] is None for name in names)]
    days = [row["day"] for row in answer.rows]
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X("day:T", scale=_days_scale(days), axis=_days_axis(days, width)),
        y=alt.Y("value:Q", title=None, axis=alt.Axis(format=axis, tickCount=5)),
        color=_colors(names),
    )
    bands = (
        *_bands(unsettled, days, width, RULE),
        *_bands(gaps, days, width, HATCH),
    )
    return _themed(alt.layer(*bands, *_marks(base, names)), width, HIGH)


def curves(answer: Answer, names: Sequence[str], width: int) -> Any:
    """Median views by age in days, a line per platform."""
    values = [
        {"age": row["age_days"], "platform": _label(name), "value": row[name], "settled": True}
        for row in answer.rows
        for name in names
    ]
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X("age:Q", title="age in days", axis=alt.Axis(grid=False, tickCount=10)),
        y=alt.Y("value:Q", title=None, axis=alt.Axis(format="~s", tickCount=5)),
        color=_colors(names),
    )
    return _themed(alt.layer(*_marks(base, names)), width, HIGH)


def heat(answer: Answer, width: int) -> Any:
    """Weekday by three hours. A cell with too few posts is hatched and has no number."""
    known = [row["median_per_account_median"] for row in answer.rows]
    lowest, highest = (end(value for value in known if value is not None) for end in (min, max))
    span = highest - lowest or 1
    values = [
        {
            "weekday": WEEKDAYS[row["weekday"] - 1],
            "hours": f"{row['hour']:02d}" if width == NARROW else _hours(row["hour"]),
            "value": value,
            "words": None if value is None else _heat_words((value - lowest) / span),
        }
        for row, value in zip(answer.rows, known, strict=True)
    ]
    return _themed(_cells(values, [lowest, highest]), width, HIGH)


def _hours(first: int) -> str:
    return f"{first:02d}–{first + 3:02d}"


def _heat_words(place: float) -> str:
    """The colour of a number at this place between the lowest and the highest."""
    return next(colour for end, colour in _HEAT_WORDS if place <= end)


def _cells(values: list[dict[str, Any]], ends: list[float]) -> Any:
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X("hours:O", title="hours (UTC)", axis=alt.Axis(labelAngle=0, grid=False)),
        y=alt.Y("weekday:O", title=None, sort=list(WEEKDAYS)),
    )
    known, unknown = "isValid(datum.value)", "!isValid(datum.value)"
    opaque = alt.Scale(domain=ends, range=[_FAINTEST, 1])
    return alt.layer(
        base.transform_filter(unknown).mark_rect(fill=HATCH, stroke=_GROUND),
        base.transform_filter(known)
        .mark_rect(fill=_HEAT, stroke=_GROUND, strokeWidth=2)
        .encode(fillOpacity=alt.FillOpacity("value:Q", scale=opaque, legend=None)),
        base.transform_filter(known)
        .mark_text(fontSize=12)
        .encode(
            text=alt.Text("value:Q", format=".2f"),
            color=alt.Color("words:N", scale=None, legend=None),
        ),
    )


def bars(answer: Answer, name: str, width: int) -> Any:
    """A count per day; days that have none are hatched."""
    days = [row["day"] for row in answer.rows]
    values = [
        {"day": _midnight(row["day"]), "value": row[name], "pale": row["is_settled"] is False}
        for row in answer.rows
    ]
    gaps = [row["day"] for row in answer.rows if not row[name]]
    thick = max(1, round(0.7 * width / len(days)))
    chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_bar(size=thick, color=_LINES[0])
        .encode(
            x=alt.X("day:T", scale=_days_scale(days), axis=_days_axis(days, width)),
            y=alt.Y("value:Q", title=None, axis=alt.Axis(format="~s", tickCount=3)),
            opacity=alt.condition("datum.pale", alt.value(0.4), alt.value(1)),
        )
    )
    return _themed(alt.layer(*_bands(gaps, days, width, HATCH), chart), width, 90)


_LEGEND = alt.Legend(
    title=None, orient="top", symbolType="stroke", symbolStrokeWidth=2.5, symbolSize=500
)


def _marks(base: Any, names: Sequence[str]) -> tuple[Any, Any, Any]:
    """A line in the colour and dashes of its platform, and a point for each figure, also a lonely
    one; hollow where the figure may still change."""
    dashes = alt.Scale(domain=_labels(names), range=_dashes(names))
    dashed = alt.StrokeDash("platform:N", scale=dashes, legend=_LEGEND)
    points = base.transform_filter("datum.settled").mark_point(filled=True, size=16, opacity=1)
    hollow = base.transform_filter("!datum.settled").mark_point(
        filled=False, fill=_GROUND, size=30, strokeWidth=1.5, opacity=1
    )
    return base.mark_line(strokeWidth=2).encode(strokeDash=dashed), points, hollow


def _colors(names: Sequence[str]) -> Any:
    """The last colour stands for all platforms beyond the fourth; dashes still tell them apart."""
    last = len(_LINES) - 1
    colors = [_LINES[min(slot, last)] for slot in _slots(names)]
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


def _bands(marked: Sequence[date], days: Sequence[date], width: int, fill: str) -> list[Any]:
    """A band per run of marked days."""
    if not marked:
        return []
    values = [{"from": _edge(begin), "to": _edge(end)} for begin, end in _runs(marked)]
    chart = alt.Chart(alt.InlineData(values=values)).mark_rect(fill=fill)
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


def _themed(chart: Any, width: int, height: int) -> Any:
    return (
        chart.properties(width=width - 60, height=height, background="transparent", padding=4)
        .configure(font=_FONT)
        .configure_axis(
            labelColor=WORDS,
            titleColor=WORDS,
            titleFontWeight="normal",
            domainColor=RULE,
            tickColor=RULE,
            gridColor=RULE,
            labelFontSize=12,
            titleFontSize=12,
        )
        .configure_legend(labelColor=WORDS, labelFontSize=12.5)
        .configure_view(stroke=None)
    )

"""From an answer to a figure: a headline sentence, a chart where there is enough for one, a table.

Each number in a headline is a cell of the figure's own table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from markupsafe import Markup

from . import charts, svg
from .lens import Lens
from .posts import ENOUGH, ENOUGH_OF_AN_AGE
from .query import Answer, Kind, platform_title
from .written import clean, data

_TOO_FEW = "There are too few figures for a chart."
_ENOUGH_OF_A_CURVE = 8  # points, or cells
_UNSETTLED = "Grey bands and hollow points: days that may still change."

Draw = Callable[[int], Any]
"""Makes the chart in this width."""


class Shape(StrEnum):
    chart = "chart"  # its table is folded
    table = "table"
    tiles = "tiles"
    notice = "notice"  # a sentence; its table is folded


@dataclass(frozen=True)
class Figure:
    """What stands on the page: `note` says what is summed."""

    answer: Answer
    headline: Markup
    shape: Shape = Shape.table
    chart: Markup | None = None
    note: str = ""
    half: bool = False


def completeness(answer: Answer) -> Figure:
    """Which days of a provider are final, in two or three sentences."""
    row = answer.one
    said = [Markup("No day is complete yet; all figures may still change.")]
    if row["settled_through"] is not None:
        said = [
            Markup("<strong>Complete through {}.</strong>").format(_day(row["settled_through"]))
        ]
        if row["unsettled_in_period"]:
            said.append(
                Markup("{} of this period may still change and are compared with nothing.").format(
                    _days(row["unsettled_in_period"])
                )
            )
        elif row["unsettled_later"]:
            said.append(
                Markup("{} after that, up to {}, may still change and are left out.").format(
                    _days(row["unsettled_later"]), _day(row["newest_day"])
                )
            )
    if row.get("accounts_failed"):
        said.append(
            Markup("{} could not be read at the last attempt.").format(
                _count(row["accounts_failed"], "account")
            )
        )
    return Figure(answer, Markup(" ").join(said), Shape.notice, half=True)


def _day(value: Any) -> Markup:
    return data(value, Kind.day)


def _days(count: int) -> Markup:
    return _count(count, "day")


def _count(count: int, noun: str) -> Markup:
    return Markup("{} {}").format(data(count, Kind.number), noun if count == 1 else f"{noun}s")


def totals(answer: Answer, lens: Lens) -> Figure:
    return Figure(answer, Markup(""), Shape.tiles, note=lens.measure)


def per_day(
    answer: Answer, lens: Lens, kind: Kind, axis: str, *, half: bool = False, note: str = ""
) -> Figure:
    """A line per platform; with fewer than two days of figures only words and the table."""
    names = lens.platforms
    settled = [row for row in answer.rows if row["is_settled"]]
    best = _peak(settled, names) or _peak(answer.rows, names)
    if best is None:
        headline = Markup("No day of this period has a figure.")
    else:
        name, row = best
        headline = Markup("Highest on {}: {} on {}.").format(
            data(row["day"], Kind.day), data(row[name], kind), clean(platform_title(name))
        )
    days = sum(any(row[name] is not None for name in names) for row in answer.rows)

    def draw(width: int) -> Any:
        return charts.lines(answer, names, width, axis)

    note = note or lens.measure
    if any(row["is_settled"] is False for row in answer.rows):
        note = f"{note} {_UNSETTLED}"
    return _drawn(answer, headline, draw, days >= 2, note, half)


def ages(answer: Answer, lens: Lens, *, half: bool) -> Figure:
    """The headline takes the age of seven days, where enough posts are that old."""
    week = next((row for row in answer.rows if row["age_days"] == 7), {})
    medians = [
        Markup("{} on {}").format(data(week[name], Kind.number), clean(platform_title(name)))
        for name in lens.platforms
        if week.get(name) is not None
    ]
    headline = (
        Markup("Median views at an age of {} days: {}.").format(
            data(7, Kind.number), Markup(", ").join(medians)
        )
        if medians
        else Markup("Too few posts were measured at an age of {} days.").format(
            data(7, Kind.number)
        )
    )
    names = [
        name
        for name in lens.platforms
        if sum(row[name] is not None for row in answer.rows) >= _ENOUGH_OF_A_CURVE
    ]
    note = f"Posts of the last 90 days. A median needs at least {ENOUGH_OF_AN_AGE} posts."
    return _drawn(
        answer,
        headline,
        lambda width: charts.curves(answer, names, width),
        bool(names),
        note,
        half,
    )


def times(answer: Answer, *, half: bool) -> Figure:
    """The best slot of those with enough posts."""
    known = [row for row in answer.rows if row["median_per_account_median"] is not None]
    headline = Markup("No slot of three hours has enough posts yet.")
    if known:
        best = max(known, key=lambda row: row["median_per_account_median"])
        headline = Markup("Best slot: {}, {} (UTC), at {} the account's median, {} posts.").format(
            data(best["weekday"], Kind.weekday),
            data(best["hour"], Kind.block),
            data(best["median_per_account_median"], Kind.times),
            data(best["posts"], Kind.number),
        )
    note = (
        "Views of each post at an age of 3 days, divided by the median of its account; median per"
        f" slot, posts of the last 90 days. Hatched: fewer than {ENOUGH} posts."
    )
    return _drawn(
        answer,
        headline,
        lambda width: charts.heat(answer, width),
        len(known) >= _ENOUGH_OF_A_CURVE,
        note,
        half,
    )


def top(answer: Answer) -> Figure:
    headline = Markup("No post has a figure in this period.")
    if answer.rows:
        headline = Markup("The top post gained {} views.").format(
            data(answer.rows[0]["views_gained"], Kind.number)
        )
    return Figure(answer, headline, note="From the measured totals of each post.")


def accounts(answer: Answer, lens: Lens) -> Figure:
    return Figure(answer, _most(answer.rows[:1]), note=lens.measure)


def _most(first: Sequence[dict[str, Any]]) -> Markup:
    if not first or first[0]["views_gained"] is None:
        return Markup("No account has a figure in this period.")
    return Markup("{} gained most: {} views.").format(
        Markup('<bdi dir="auto">{}</bdi>').format(clean(f"@{first[0]['handle']}")),
        data(first[0]["views_gained"], Kind.number),
    )


def coverage(answer: Answer, *, half: bool) -> Figure:
    without = [row for row in answer.rows if not row["accounts"]]
    headline = Markup("Every day has figures.")
    if without:
        first, last = (data(without[place]["day"], Kind.day) for place in (0, -1))
        headline = Markup("Days without figures are hatched; the first is {}, the last {}.")
        headline = headline.format(first, last)
    note = "Accounts with a figure, per day."
    if any(row["is_settled"] is False for row in answer.rows):
        note = f"{note} Pale bars: days that may still change."
    return _drawn(
        answer,
        headline,
        lambda width: charts.bars(answer, "accounts", width),
        len(without) < len(answer.rows),
        note,
        half,
    )


def plain(answer: Answer, note: str) -> Figure:
    return Figure(answer, Markup(""), note=note)


def _drawn(
    answer: Answer, headline: Markup, draw: Draw, enough: bool, note: str, half: bool
) -> Figure:
    if not enough:
        return Figure(answer, headline, Shape.chart, None, f"{note} {_TOO_FEW}", half)
    spoken = f"{answer.query.title}. {headline.striptags()}"
    width = charts.HALF if half else charts.WIDE
    chart = svg.picture(answer.query.name, spoken, draw, width)
    return Figure(answer, headline, Shape.chart, chart, note, half)


def _peak(
    rows: Sequence[dict[str, Any]], names: Sequence[str]
) -> tuple[str, dict[str, Any]] | None:
    found = [(row[name], name, row) for row in rows for name in names if row[name] is not None]
    if not found:
        return None
    _, name, row = max(found, key=lambda one: one[0])
    return name, row

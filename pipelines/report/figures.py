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

_TOO_FEW = "Too few figures for a chart."
_ENOUGH_OF_A_CURVE = 8  # points, or cells


class Shape(StrEnum):
    chart = "chart"  # its table is folded
    table = "table"
    tiles = "tiles"


@dataclass(frozen=True)
class Figure:
    """What stands on the page: `note` says what is summed."""

    answer: Answer
    headline: Markup
    shape: Shape = Shape.table
    chart: Markup | None = None
    note: str = ""
    half: bool = False


def totals(answer: Answer, lens: Lens) -> Figure:
    return Figure(answer, Markup(""), Shape.tiles, note=_sentence(lens.says))


def per_day(
    answer: Answer, lens: Lens, kind: Kind, axis: str, *, half: bool = False, note: str = ""
) -> Figure:
    """A line per platform; with fewer than two days of figures only words and the table."""
    names, width = lens.platforms, charts.HALF if half else charts.WIDE
    best = _peak(answer, names)
    if best is None:
        headline = Markup("No day of this period has a figure.")
    else:
        name, row = best
        headline = Markup("Highest on {}: {} on {}.").format(
            data(row["day"], Kind.day), data(row[name], kind), clean(platform_title(name))
        )
    days = sum(any(row[name] is not None for name in names) for row in answer.rows)

    def draw(palette: charts.Palette) -> Any:
        return charts.lines(answer, names, width, axis, palette)

    return _drawn(answer, headline, draw, days >= 2, note or _sentence(lens.says), half)


def ages(answer: Answer, lens: Lens, *, half: bool) -> Figure:
    """Said of the age of seven days, where enough posts are that old."""
    week = next((row for row in answer.rows if row["age_days"] == 7), {})
    told = [
        Markup("{} on {}").format(data(week[name], Kind.number), clean(platform_title(name)))
        for name in lens.platforms
        if week.get(name) is not None
    ]
    headline = (
        Markup("At an age of {} days half of the posts have more views than: {}.").format(
            data(7, Kind.number), Markup(", ").join(told)
        )
        if told
        else Markup("Too few posts were observed at an age of {} days.").format(
            data(7, Kind.number)
        )
    )
    names = [
        name
        for name in lens.platforms
        if sum(row[name] is not None for row in answer.rows) >= _ENOUGH_OF_A_CURVE
    ]
    note = f"Posts of the last 90 days, median; not told of fewer than {ENOUGH_OF_AN_AGE} posts."
    return _drawn(
        answer,
        headline,
        lambda palette: charts.curves(answer, names, charts.HALF, palette),
        bool(names),
        note,
        half,
    )


def times(answer: Answer, *, half: bool) -> Figure:
    """The best slot of those with enough posts."""
    told = [row for row in answer.rows if row["median_per_account_median"] is not None]
    headline = Markup("No three hours of a weekday have enough posts yet.")
    if told:
        best = max(told, key=lambda row: row["median_per_account_median"])
        headline = Markup("Best: {}, {} (UTC), {} the account's median, {} posts.").format(
            data(best["weekday"], Kind.weekday),
            data(best["hour"], Kind.block),
            data(best["median_per_account_median"], Kind.times),
            data(best["posts"], Kind.number),
        )
    note = (
        "Median of each post's views at an age of 3 days per the median of its account; posts of"
        f" the last 90 days. Hatched: fewer than {ENOUGH} posts."
    )
    return _drawn(
        answer,
        headline,
        lambda palette: charts.heat(answer, charts.HALF, palette),
        len(told) >= _ENOUGH_OF_A_CURVE,
        note,
        half,
    )


def top(answer: Answer) -> Figure:
    headline = Markup("No post has a figure in this period.")
    if answer.rows:
        headline = Markup("The first gained {} views.").format(
            data(answer.rows[0]["views_gained"], Kind.number)
        )
    return Figure(answer, headline, note="By observations of each post.")


def accounts(answer: Answer, lens: Lens) -> Figure:
    return Figure(answer, _most(answer.rows[:1]), note=_sentence(lens.says))


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
    return _drawn(
        answer,
        headline,
        lambda palette: charts.bars(answer, "accounts", charts.HALF, palette),
        len(without) < len(answer.rows),
        "Accounts with a figure, per day.",
        half,
    )


def plain(answer: Answer, note: str) -> Figure:
    return Figure(answer, Markup(""), note=note)


def _drawn(
    answer: Answer,
    headline: Markup,
    draw: Callable[[charts.Palette], Any],
    enough: bool,
    note: str,
    half: bool,
) -> Figure:
    if not enough:
        return Figure(answer, headline, Shape.chart, None, f"{note} {_TOO_FEW}", half)
    spoken = f"{answer.query.title}. {headline.striptags()}"
    chart = svg.picture(answer.query.name, spoken, draw)
    return Figure(answer, headline, Shape.chart, chart, note, half)


def _peak(answer: Answer, names: Sequence[str]) -> tuple[str, dict[str, Any]] | None:
    told = [
        (row[name], name, row) for row in answer.rows for name in names if row[name] is not None
    ]
    if not told:
        return None
    _, name, row = max(told, key=lambda one: one[0])
    return name, row


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."

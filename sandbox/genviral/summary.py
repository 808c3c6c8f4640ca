"""GET /analytics/summary: figures of the chosen targets together, day by day and as a whole."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, Final

from sandbox.genviral.call import Call
from sandbox.genviral.envelope import Reply
from sandbox.genviral.selection import chosen_targets, chosen_window
from sandbox.genviral.shapes import iso_day
from sandbox.genviral.target import Target
from sandbox.genviral.tracked import percent
from sandbox.genviral.tracker import Day
from sandbox.genviral.window import Window
from sandbox.world.chance import DAY

_METRICS: Final = ("views", "likes", "comments", "shares", "saves")


def get_summary(call: Call) -> Reply:
    """KPIs with what they were in the period before, and series of UTC days."""
    window, targets = chosen_window(call), chosen_targets(call)
    days = _days(call, targets, window)
    data: dict[str, Any] = {
        "kpis": _told(call, targets, window),
        "interactionSeries": [_interactions(day) for day in days],
        "engagementSeries": [{"date": iso_day(day.day), "value": _rate(day)} for day in days],
        "postingHeatmap": [{"date": iso_day(day.day), "count": day.posts} for day in days],
        "postingStreak": _streak(days),
        "contentMix": _mix(call, targets, window),
    }
    return Reply("Analytics summary retrieved", data)


def _days(call: Call, targets: Iterable[Target], window: Window) -> list[Day]:
    """Days that begin in the window, or in which it begins, summed over the targets."""
    sums: dict[int, list[int]] = defaultdict(lambda: [0] * (len(_METRICS) + 1))
    for target in targets:
        for day in call.tracker.days(target, call.now):
            if window.has(day.day * DAY) or window.has((day.day + 1) * DAY - 1):
                sums[day.day] = [a + b for a, b in zip(sums[day.day], day[1:], strict=True)]
    return [Day(day, *sums[day]) for day in sorted(sums)]


def _kpis(call: Call, targets: list[Target], window: Window) -> dict[str, Any]:
    days = _days(call, targets, window)
    totals = {name: sum(getattr(day, name) for day in days) for name in _METRICS}
    published = {target.id: _published(call, target, window) for target in targets}
    views, *interactions = totals.values()
    return {
        "publishedVideos": sum(published.values()),
        "activeAccounts": sum(count > 0 for count in published.values()),
        **totals,
        "engagementRate": percent(views, *interactions),
    }


def _told(call: Call, targets: list[Target], window: Window) -> dict[str, Any]:
    """Plain numbers, or in the later dialect each beside that of the equal period before."""
    kpis, before = _kpis(call, targets, window), window.before()
    if not call.later:
        return kpis
    old = _kpis(call, targets, before) if before else dict.fromkeys(kpis)
    return {
        name: {
            "value": value,
            "previous": old[name],
            "delta": None if old[name] is None else round(value - old[name], 2),
        }
        for name, value in kpis.items()
    }


def _published(call: Call, target: Target, window: Window) -> int:
    return sum(window.has(row.published_at) for row in call.tracker.rows(target, call.now))


def _interactions(day: Day) -> dict[str, Any]:
    return {"date": iso_day(day.day), **{name: getattr(day, name) for name in _METRICS}}


def _rate(day: Day) -> float | None:
    return percent(day.views, day.likes, day.comments, day.shares, day.saves)


def _streak(days: list[Day]) -> int:
    """Days in a row, back from the last one, on which something was published."""
    streak = 0
    for day in reversed(days):
        if not day.posts:
            break
        streak += 1
    return streak


def _mix(call: Call, targets: list[Target], window: Window) -> list[dict[str, Any]]:
    counts = Counter[str]()
    for target in targets:
        counts[target.account.platform] += _published(call, target, window)
    return [{"platform": name, "count": count} for name, count in sorted(counts.items())]

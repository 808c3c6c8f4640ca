"""GET /analytics/series: stored chart points; nothing is refreshed."""

from collections.abc import Iterable

from sandbox.answers import Answer
from sandbox.tokportal import envelopes, shapes
from sandbox.tokportal.call import Call
from sandbox.world.accounts import Account
from sandbox.world.chance import DAY
from sandbox.world.ledger import METRICS

_DEFAULT_DAYS = 30  # when no window is asked; the page gives none
_MONDAY = 4  # day 0 of the epoch was a Thursday, so day 4 was a Monday

Line = dict[int, int | None]  # value by day


def get_series(call: Call) -> Answer:
    """One metric of one account, or the sum over all accounts asked for."""
    call.require("series")
    metric = call.query.choice("metric", METRICS, "views")
    granularity = call.query.choice("granularity", ("day", "week"), "day")
    mode = call.query.choice("mode", ("cumulative", "gained", "snapshot"), "cumulative")
    first, last = _days(call)
    asked = call.query.many("account")
    accounts = [call.require_account(one) for one in asked] if asked else call.world.accounts()
    lines = [_cut(_line(call, account, metric, mode), first, last) for account in accounts]
    if granularity == "week":
        lines = [_weekly(line, mode) for line in lines]
    points = [
        {"date": shapes.iso_day(day), "value": value} for day, value in sorted(_sum(lines).items())
    ]
    if call.later and len(accounts) == 1:
        points = [{**point, "account_id": accounts[0].id} for point in points]
    body = {"metric": metric, "granularity": granularity, "mode": mode, "points": points}
    return envelopes.bare({**body, "contract": shapes.contract_stamp(call.plan)})


def _days(call: Call) -> tuple[int, int]:
    """First and last day of the window, both included."""
    first, last = call.query.window()
    end = call.now // DAY if last is None else int(last // DAY)
    return (end - _DEFAULT_DAYS + 1 if first is None else int(first // DAY)), end


def _cut(line: Line, first: int, last: int) -> Line:
    """The days of the window: a week at either end holds those alone."""
    return {day: value for day, value in line.items() if first <= day <= last}


def _line(call: Call, account: Account, metric: str, mode: str) -> Line:
    if call.world.is_v1(account, call.now):
        return {}
    if mode == "snapshot":
        return _snapshots(call, account, metric)
    line = {p.day: p.totals[metric] for p in call.world.series(account, call.now)}
    return _gained(line) if mode == "gained" else line


def _snapshots(call: Call, account: Account, metric: str) -> Line:
    """The newest capture of each day as it was measured; days without a capture are missing."""
    return {
        snapshot.captured_at // DAY: getattr(snapshot.counters, metric)
        for snapshot in call.world.account_snapshots(account, call.now)
    }


def _gained(line: Line) -> Line:
    """Differences between days; the first day has nothing to differ from."""
    gained: Line = {}
    for day, value in line.items():
        before = line.get(day - 1)
        gained[day] = None if value is None or before is None else value - before
    return gained


def _weekly(line: Line, mode: str) -> Line:
    """One value per ISO week, dated by its Monday: the sum of gains, else the last known total."""
    weeks: dict[int, list[int]] = {}
    for day, value in sorted(line.items()):
        known = weeks.setdefault(_monday(day), [])
        if value is not None:
            known.append(value)
    fold = sum if mode == "gained" else (lambda values: values[-1])
    return {week: fold(values) if values else None for week, values in weeks.items()}


def _monday(day: int) -> int:
    return day - (day - _MONDAY) % 7


def _sum(lines: Iterable[Line]) -> Line:
    total: Line = {}
    for line in lines:
        for day, value in line.items():
            known = total.get(day)
            total[day] = value if known is None else known + (value or 0)
    return total

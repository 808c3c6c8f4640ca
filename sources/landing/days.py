"""Days and windows of time in UTC, in the words that providers take."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

SLACK = timedelta(minutes=5)  # a schedule is never to the minute
_SECOND = timedelta(seconds=1)


def is_time(last: datetime | None, every: timedelta, now: datetime) -> bool:
    """Whether what is done once in so long is due again; what never was done is."""
    return last is None or now - last >= every - SLACK


def parse(moment: str | None) -> datetime | None:
    """An instant that we wrote ourselves (a cursor). Raises ValueError for anything else."""
    if not moment:
        return None
    instant = datetime.fromisoformat(moment)
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def iso(moment: datetime) -> str:
    """As a cursor, with microseconds, so that text order is time order."""
    return _utc(moment).isoformat(timespec="microseconds") + "Z"


def from_param(moment: datetime) -> str:
    """A lower bound in whole seconds, never later than the moment."""
    return _utc(moment).isoformat(timespec="seconds") + "Z"


def to_param(moment: datetime) -> str:
    """An upper bound a whole second later: whether bounds are inclusive is not documented."""
    utc = _utc(moment)
    whole = utc if utc.microsecond == 0 or utc > datetime.max - _SECOND else utc + _SECOND
    return (min(whole, datetime.max - _SECOND) + _SECOND).isoformat(timespec="seconds") + "Z"


def period_start(day: date, grain: str) -> date:
    """The first day of the period that holds the day: itself, the Monday of its week, the first of
    its month; for any other grain the first of its year, where every coarser period can begin."""
    if grain == "day":
        return day
    if grain == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if grain == "month" else day.replace(month=1, day=1)


def gaps(days: set[date]) -> int:
    """How many days are missing between the first and the last."""
    return (max(days) - min(days)).days + 1 - len(days) if days else 0


def _utc(moment: datetime) -> datetime:
    # The warehouse hands instants out in its session's zone.
    return moment.astimezone(UTC).replace(tzinfo=None)

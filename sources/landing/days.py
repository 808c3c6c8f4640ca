"""Days and windows of time in UTC, in the words that providers take."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pendulum


def as_utc(moment: datetime) -> pendulum.DateTime:
    return pendulum.instance(moment).in_timezone("UTC")


def parse(moment: str | None) -> datetime | None:
    """An instant that we wrote ourselves (a cursor)."""
    return as_utc(pendulum.parse(moment)) if moment else None  # type: ignore[arg-type]


def iso(moment: datetime) -> str:
    """As a cursor, with microseconds, so that text order is time order."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_param(moment: datetime) -> str:
    """A lower bound in whole seconds, never later than the moment."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def to_param(moment: datetime) -> str:
    """An upper bound a whole second later: whether bounds are inclusive is not documented."""
    return (moment + timedelta(seconds=1, microseconds=999_999)).strftime("%Y-%m-%dT%H:%M:%SZ")


def gaps(days: set[date]) -> int:
    """How many days are missing between the first and the last."""
    return (max(days) - min(days)).days + 1 - len(days) if days else 0

"""Instants as cursors and as bounds of windows."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.landing.days import from_param, gaps, iso, parse, to_param

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=ZONES)


@given(INSTANTS, INSTANTS)
def test_cursor_is_the_instant_and_sorts_like_it(one: datetime, other: datetime) -> None:
    """In UTC whatever zone it came in: the warehouse hands instants out in its session's zone."""
    assert parse(iso(one)) == one
    assert (iso(one) < iso(other)) == (one < other)
    assert iso(one).endswith("Z")
    assert len(iso(one)) == 27


@given(INSTANTS)
def test_window_holds_the_instant_with_a_second_to_spare(moment: datetime) -> None:
    """Whole seconds; whether the upper bound is inclusive is not documented."""
    lower, upper = parse(from_param(moment)), parse(to_param(moment))

    assert lower is not None
    assert upper is not None
    assert timedelta(0) <= moment - lower < timedelta(seconds=1)
    assert timedelta(seconds=1) <= upper - moment < timedelta(seconds=2)


def test_end_of_time_is_a_bound_too() -> None:
    """A provider may say 9999; that is no reason to fail."""
    assert to_param(datetime.max.replace(tzinfo=UTC)) == "9999-12-31T23:59:59Z"
    assert from_param(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01T00:00:00Z"


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_cursor_is_no_instant(nothing: str | None) -> None:
    """The first run has none."""
    assert parse(nothing) is None


def test_broken_cursor_is_an_error() -> None:
    """Not a reason to start anew, nor to load nothing."""
    with pytest.raises(ValueError, match="isoformat"):
        parse("yesterday")


@pytest.mark.parametrize(
    ("days", "missing"),
    [([], 0), ([1], 0), ([1, 2, 3], 0), ([1, 3], 1), ([3, 1, 10], 7)],
)
def test_gaps_are_days_between_first_and_last(days: list[int], missing: int) -> None:
    """What lies before and after is not missing."""
    assert gaps({date(2026, 5, day) for day in days}) == missing

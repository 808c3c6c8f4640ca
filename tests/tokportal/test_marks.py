"""A mark of raw snapshots says how far a post is complete, and never more than that."""

from datetime import UTC, datetime, timedelta

import pytest

from sources.tokportal.marks import Landed, RawMark

NOW = datetime(2026, 5, 28, 9, tzinfo=UTC)
A_DAY = timedelta(days=1)


def ago(days):
    return NOW - days * A_DAY


@pytest.mark.parametrize(
    ("mark", "due"),
    [
        (RawMark(ago(8), ago(8), 1.0, ago(1)), False),
        (RawMark(ago(8), ago(8), 1.0, ago(6.9)), False),
        (RawMark(ago(8), ago(8), 1.0, ago(7)), True),
        (RawMark(ago(2), ago(2), 24.0, ago(1)), True),
    ],
    ids=["fresh", "almost", "lag_is_over", "a_page_is_waiting"],
)
def test_raw_rows_are_due_by_their_age_or_their_number(mark, due):
    """A request for each move would cost a request per snapshot."""
    assert mark.due(NOW, NOW, max_lag_days=7) is due


def test_what_was_not_observed_again_is_not_asked():
    mark = RawMark(ago(1), ago(1), 1.0)

    assert not mark.due(ago(1), NOW, max_lag_days=0)
    assert mark.due(NOW, NOW, max_lag_days=0)
    assert RawMark().due(None, NOW, max_lag_days=7)


def test_a_mark_stays_before_the_oldest_rejected_row():
    """Else the row would never be asked again, also when it is served right."""
    mark = RawMark(ago(5), ago(5), 1.0)
    walk = Landed([ago(4), ago(2), ago(1)], [ago(3)])

    after = mark.after(walk, NOW, NOW)

    assert after.raw_through == ago(4)
    assert after.observed_at == ago(5)
    assert mark.after(Landed([ago(1)], [None]), NOW, NOW) == mark


def test_a_mark_of_the_future_is_named_and_none_is_made():
    """It would skip data."""
    asked = RawMark(ago(5), ago(5)).asked(NOW, [ago(1), NOW + 3 * A_DAY], NOW)

    assert asked.raw_through == ago(1)
    assert not asked.ahead_of(NOW)
    assert RawMark(NOW + 2 * A_DAY).ahead_of(NOW)
    assert RawMark(NOW, NOW + 2 * A_DAY).ahead_of(NOW)

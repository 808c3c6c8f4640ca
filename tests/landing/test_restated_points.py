"""How late a provider restates a day is noted beside the day's figures."""

from datetime import UTC, date, datetime, timedelta

from sources.landing.changes import mark_changes
from sources.landing.held import Stored
from sources.tokportal.marks import RawMark
from sources.tokportal.tables import DAILY_SERIES

NOW = datetime(2026, 6, 3, 9, tzinfo=UTC)
BEFORE = NOW - timedelta(days=1)


def point(**figures):
    row = dict.fromkeys(column.name for column in DAILY_SERIES.all_columns)
    return row | {"account_id": "a", "date": date(2026, 6, 1)} | figures


def test_the_first_reading_of_a_point_is_noted():
    row = mark_changes(DAILY_SERIES, point(views=1), None, NOW)

    assert (row["first_read_at"], row["views_changed_at"]) == (NOW, None)


def test_each_figure_has_the_time_of_its_own_last_change():
    stored = point(views=1, likes=5, first_read_at=BEFORE)
    row = mark_changes(
        DAILY_SERIES, stored | {"views": 2, "likes": 5}, Stored(stored, completed=True), NOW
    )

    assert (row["first_read_at"], row["views_changed_at"]) == (BEFORE, NOW)
    assert (row["likes_changed_at"], row["shares_changed_at"]) == (None, None)


def test_a_figure_that_becomes_known_is_not_restated():
    stored = point(views=1, first_read_at=BEFORE)
    row = mark_changes(DAILY_SERIES, stored | {"shares": 3}, Stored(stored, completed=True), NOW)

    assert row["shares_changed_at"] is None


def test_a_mark_keeps_until_when_every_capture_is_held():
    """The listing before the first capture that was not asked; later ones do not move it."""
    mark = RawMark(observed_at=BEFORE - timedelta(days=5))

    first = mark.met(BEFORE, BEFORE - timedelta(hours=1))
    later = first.met(NOW, NOW - timedelta(hours=1))

    assert first.held_until == later.held_until == BEFORE - timedelta(hours=1)
    assert later.asked(NOW, [NOW], NOW).held_until is None

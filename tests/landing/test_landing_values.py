"""Declared types: the exact value, or why not."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.landing.values import CONVERT, Unusable

NO = Unusable
INF, NAN = float("inf"), float("nan")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type]


TEXT = [
    ("", ""),
    (" a ", " a "),
    ("007", "007"),
    (7374625574187130895123, "7374625574187130895123"),
    (-1, "-1"),
    (1.5, "1.5"),
    (True, "true"),
    (NAN, NO),
    (INF, NO),
    ({}, NO),
    ([], NO),
    (["a"], NO),
]
BIGINT = [
    (0, 0),
    (-1, -1),
    (2**53 + 1, 2**53 + 1),
    (2**63 - 1, 2**63 - 1),
    (-(2**63), -(2**63)),
    (2**63, NO),
    (-(2**63) - 1, NO),
    (10**30, NO),
    (10**400, NO),
    ("12", 12),
    ("+12", 12),
    ("-12", -12),
    ("007", 7),
    ("9223372036854775807", 2**63 - 1),
    ("9223372036854775808", NO),
    (12.0, 12),
    (-0.0, 0),
    (2.0**53, 2**53),
    (2.0**53 + 2, NO),
    (1e18, NO),
    (12.5, NO),
    (NAN, NO),
    (INF, NO),
    (True, NO),
    ("", NO),
    (" 12", NO),
    ("12\n", NO),
    ("12.0", 12),
    ("12.00", 12),
    ("-12.0", -12),
    ("1e3", 1000),
    ("1.5e1", 15),
    ("9223372036854775807.0", 2**63 - 1),
    ("9223372036854775808.0", NO),
    ("12.5", NO),
    ("12.", NO),
    ("1e-1", NO),
    ("1e999", NO),
    ("1" + "0" * 70, NO),
    ("1,234", NO),
    ("1.2K", NO),
    ("1_000", NO),
    ("١٢", NO),
    ("n/a", NO),
    ("0x10", NO),
    ({}, NO),
    ([12], NO),
]
DOUBLE = [
    (0, 0.0),
    (7.18, 7.18),
    (-3, -3.0),
    ("7.18", 7.18),
    ("-7", -7.0),
    ("1e3", 1000.0),
    ("1E-3", 0.001),
    (10**30, 1e30),
    (10**400, NO),
    ("1e999", NO),
    ("9" * 400, NO),
    (NAN, NO),
    (INF, NO),
    (-INF, NO),
    ("NaN", NO),
    ("inf", NO),
    ("7,18", NO),
    ("7.18%", NO),
    (".5", NO),
    ("5.", NO),
    ("", NO),
    (False, NO),
    ([], NO),
]
BOOL = [
    (True, True),
    (False, False),
    ("true", True),
    ("FALSE", False),
    (1, True),
    (0, False),
    (2, NO),
    (1.0, NO),
    ("1", NO),
    ("yes", NO),
    ("", NO),
    ([], NO),
]
TIMESTAMP = [
    ("2026-05-28T09:00:00Z", utc(2026, 5, 28, 9)),
    ("2026-05-28T09:00:00+00:00", utc(2026, 5, 28, 9)),
    ("2026-05-28T09:00:00+02:00", utc(2026, 5, 28, 7)),
    ("2026-05-28T09:00:00+0530", utc(2026, 5, 28, 3, 30)),
    ("2026-05-28T09:00:00-11", utc(2026, 5, 28, 20)),
    ("2026-05-28T09:00:00+14:00", utc(2026, 5, 27, 19)),
    ("2026-05-28T09:00:00", utc(2026, 5, 28, 9)),
    ("2026-05-28 09:00", utc(2026, 5, 28, 9)),
    ("2026-05-28", utc(2026, 5, 28)),
    (" 2026-05-28T09:00:00Z\n", utc(2026, 5, 28, 9)),
    ("2026-05-28T09:00:00.5Z", utc(2026, 5, 28, 9, 0, 0, 500_000)),
    ("2026-05-28T09:00:00,5Z", utc(2026, 5, 28, 9, 0, 0, 500_000)),
    ("2026-05-28T09:00:00.123456Z", utc(2026, 5, 28, 9, 0, 0, 123_456)),
    ("2026-05-28T09:00:00.123456789Z", utc(2026, 5, 28, 9, 0, 0, 123_456)),
    ("2026-03-29T02:30:00", utc(2026, 3, 29, 2, 30)),
    ("2024-02-29", utc(2024, 2, 29)),
    ("0001-01-01T00:00:00Z", utc(1, 1, 1)),
    ("9999-12-31T23:59:59Z", utc(9999, 12, 31, 23, 59, 59)),
    (1779958800, utc(2026, 5, 28, 9)),
    (1779958800.25, utc(2026, 5, 28, 9, 0, 0, 250_000)),
    (1779958800123, utc(2026, 5, 28, 9, 0, 0, 123_000)),
    ("1779958800", utc(2026, 5, 28, 9)),
    ("1779958800123", utc(2026, 5, 28, 9, 0, 0, 123_000)),
    ("1779958800.5", utc(2026, 5, 28, 9, 0, 0, 500_000)),
    (1779958800123456, NO),
    (20260528, NO),
    ("20260528", NO),
    (0, NO),
    (-1779958800, NO),
    (10**400, NO),
    (NAN, NO),
    (INF, NO),
    (True, NO),
    ("", NO),
    ("now", NO),
    ("28.05.2026", NO),
    ("05/28/2026", NO),
    ("2026-5-28", NO),
    ("2026-02-29", NO),
    ("2026-13-01", NO),
    ("2026-W22-4", NO),
    ("2026-148", NO),
    ("2026-05-28T24:00:00Z", NO),
    ("2026-05-28T23:59:60Z", NO),
    ("2026-05-28T25:00:00Z", NO),
    ("2026-05-28x09:00:00", NO),
    ("2026-05-28T09:00:00+25:00", NO),
    ("2026-05-28T09:00:00 UTC", NO),
    ("Thu, 28 May 2026 09:00:00 GMT", NO),
    ("0001-01-01T00:00:00+14:00", NO),
    ("２０２６-05-28", NO),
    ({}, NO),
    ([], NO),
]
DATE = [
    ("2026-05-28", date(2026, 5, 28)),
    ("2026-05-28T23:30:00-02:00", date(2026, 5, 29)),
    ("2026-05-28T01:30:00+02:00", date(2026, 5, 27)),
    (1779958800, date(2026, 5, 28)),
    ("2026-02-30", NO),
    ("28.05.2026", NO),
    ("20260528", NO),
    ("", NO),
    (None, NO),
]
CASES = [
    pytest.param(kind, said, meant, id=f"{kind} {str(said)[:40]!a}")
    for kind, cases in {
        "text": TEXT,
        "bigint": BIGINT,
        "double": DOUBLE,
        "bool": BOOL,
        "timestamp": TIMESTAMP,
        "date": DATE,
    }.items()
    for said, meant in cases
]


@pytest.mark.parametrize(("kind", "said", "meant"), CASES)
def test_value_is_exact_or_unusable(kind: Any, said: Any, meant: Any) -> None:
    """Nothing is guessed, nothing is rounded."""
    if meant is NO:
        with pytest.raises(Unusable):
            CONVERT[kind](said)
    else:
        value = CONVERT[kind](said)
        assert (value, type(value)) == (meant, type(meant))


@given(st.sampled_from(sorted(CONVERT)), st.text() | st.integers() | st.floats() | st.none())
def test_any_value_is_typed_or_unusable(kind: Any, said: Any) -> None:
    """Nothing else is ever raised: one wild value never costs more than its row."""
    value: Any = None
    with suppress(Unusable):
        value = CONVERT[kind](said)

    assert value == value, "not a number"


@given(st.datetimes(min_value=datetime(1973, 4, 1), max_value=datetime(5000, 1, 1)))
def test_instants_survive_every_writing(moment: datetime) -> None:
    """ISO to the microsecond, epoch to the millisecond."""
    instant = moment.replace(tzinfo=UTC)
    milliseconds = (instant - utc(1970, 1, 1)) // timedelta(milliseconds=1)
    whole = instant.replace(microsecond=instant.microsecond // 1000 * 1000)

    assert CONVERT["timestamp"](instant.isoformat()) == instant
    assert CONVERT["timestamp"](milliseconds) == whole
    assert CONVERT["timestamp"](str(milliseconds)) == whole

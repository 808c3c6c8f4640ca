"""Strict values: a declared type, or a reason why not. Nothing is guessed, nothing is rounded."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from .tables import Type

_BIGINT = 2**63
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_LONGEST_NUMBER = 60  # characters; nothing within 64 bits is longer in any sane spelling
_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# What Python reads as ISO differs between its versions (24:00, any separator, week dates).
_ISO = re.compile(
    _DAY.pattern + r"([T ]([01][0-9]|2[0-3]):[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?"
    r"(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?"
)
_EPOCH = re.compile(r"[0-9]{9,14}(\.[0-9]{1,9})?")
# Epochs are told apart by size, from 1973 on: seconds until the year 5138, then milliseconds. A
# smaller number may be a day written as 20260528.
_EPOCH_FROM, _EPOCH_MILLISECONDS_FROM, _EPOCH_UNTIL = 10**8, 10**11, 10**14
_EPOCH_START = datetime(1970, 1, 1, tzinfo=UTC)
_EXACT_FLOAT = 2.0**53


class Unusable(ValueError):
    """The value is not of the declared type; the text says why."""


def text(value: Any) -> str:
    """Text as it is; ids that came as numbers keep their digits."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    raise Unusable(f"{_kind(value)} where text is declared")


def identifier(value: Any) -> str:
    """An id as text. A number with a fraction or an exponent is none: its digits may be lost."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Unusable(f"{_kind(value)} where an id is declared")


def bigint(value: Any) -> int:
    """A whole number within 64 bits; `"12"`, `"12.0"`, `"1e3"` and `12.0` are exactly whole
    numbers, `"12.5"` and `"1.2K"` are not."""
    whole_float = isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT_FLOAT
    if whole_float or (isinstance(value, str) and _INTEGER.fullmatch(value)):
        value = int(value)
    elif isinstance(value, str):
        value = _whole_decimal(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Unusable(f"{_kind(value)} where a whole number is declared")
    if not -_BIGINT <= value < _BIGINT:
        raise Unusable("a number beyond 64 bits")
    return value


def _whole_decimal(text: str) -> int | str:
    """The number that a decimal text such as "12.00" is exactly; any other text as it is."""
    if len(text) > _LONGEST_NUMBER or not _DECIMAL.fullmatch(text):
        return text
    number = Decimal(text)
    if number.adjusted() >= len(str(_BIGINT)) or number != number.to_integral_value():
        return text
    return int(number)


def double(value: Any) -> float:
    """A finite number."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = float(value)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Unusable(f"{_kind(value)} where a number is declared")
    try:
        number = float(value)
    except OverflowError:
        raise Unusable("a number beyond double precision") from None
    if not math.isfinite(number):
        raise Unusable(f"{number} where a number is declared")
    return number


def boolean(value: Any) -> bool:
    """true or false, also as text or as 0 and 1."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    raise Unusable(f"{_kind(value)} where true or false is declared")


def timestamp(value: Any) -> datetime:
    """An instant in UTC: ISO with offset, with Z, without zone (UTC), date only, or an epoch."""
    if isinstance(value, str):
        return _iso(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _epoch(value)
    raise Unusable(f"{_kind(value)} where a time is declared")


def _iso(value: str) -> datetime:
    stripped = value.strip()
    if _EPOCH.fullmatch(stripped):
        return _epoch(float(stripped))
    if not _ISO.fullmatch(stripped):
        raise Unusable(f"{_kind(value)} where a time is declared")
    try:
        moment = datetime.fromisoformat(stripped)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unusable(f"{_kind(value)} is a time that does not exist") from None


def _epoch(value: float) -> datetime:
    if not _EPOCH_FROM <= value < _EPOCH_UNTIL:
        raise Unusable("a number that is no epoch in seconds or milliseconds")
    milliseconds = value >= _EPOCH_MILLISECONDS_FROM
    # Dividing by 1000 would lose microseconds from the year 2242 on.
    return _EPOCH_START + (
        timedelta(milliseconds=value) if milliseconds else timedelta(seconds=value)
    )


def day(value: Any) -> date:
    """A UTC day; a timestamp is cut to its UTC day."""
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise Unusable("a day that does not exist") from None
    return timestamp(value).date()


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    return {dict: "an object", list: "a list", bool: "true or false"}.get(
        type(value), f"{str(value)[:40]}"
    )


CONVERT: dict[Type, Callable[[Any], Any]] = {
    "text": text,
    "bigint": bigint,
    "double": double,
    "bool": boolean,
    "timestamp": timestamp,
    "date": day,
}

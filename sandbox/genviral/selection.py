"""Which rows are asked for: the parameters of the two summary endpoints, in both spellings."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Final

from sandbox.answers import ApiError
from sandbox.genviral.call import Call
from sandbox.genviral.target import Target
from sandbox.genviral.window import SORTS, Page, Window
from sandbox.params import Query
from sandbox.world.chance import DAY

_RANGES: Final = {"14d": 14, "30d": 30, "90d": 90, "1y": 365, "all": None}
_PLATFORMS: Final = ("tiktok", "instagram", "youtube")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_EPOCH: Final = date(1970, 1, 1)


def chosen_targets(call: Call) -> list[Target]:
    """Targets by `accounts` and `platforms`; unknown ids choose nothing."""
    platforms = _words(call.query, "platforms", "platform")
    for one in platforms or ():
        if one not in _PLATFORMS:
            raise invalid("platforms", _PLATFORMS)
    ids = _words(call.query, "accounts", "account_ids")
    return [
        one
        for one in call.tracker.targets(call.now)
        if (ids is None or one.id in ids)
        and (platforms is None or one.account.platform in platforms)
    ]


def chosen_window(call: Call) -> Window:
    """`start` and `end` as whole UTC days, both included, before `range`; 30 days unless said."""
    start, end = _day(call.query, "start"), _day(call.query, "end")
    if (start is None) != (end is None):
        raise ApiError(400, "invalid_payload", "start and end must be given together")
    name = _choice(call.query, ("range",), tuple(_RANGES), "30d")
    if start is not None and end is not None:
        if start > end:
            raise ApiError(400, "invalid_payload", "start must not be after end")
        return Window(start * DAY, (end + 1) * DAY)
    days = _RANGES[name]
    return Window(None, None) if days is None else Window(call.now - days * DAY, call.now + 1)


def chosen_page(query: Query) -> Page:
    """Sort and page: 50 rows unless said, 100 at most, and never beyond an offset of 10,000."""
    return Page(
        sort=_choice(query, ("sortBy", "sort_by"), tuple(SORTS), "published_at"),
        descending=_choice(query, ("sortOrder", "sort_order"), ("asc", "desc"), "desc") == "desc",
        limit=whole(query, "limit", 50, 1, 100),
        offset=whole(query, "offset", 0, 0, 10_000),
    )


def whole(query: Query, name: str, default: int, low: int, high: int) -> int:
    """A whole number within its limits."""
    text = query.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not low <= int(text) <= high:
        raise ApiError(400, "invalid_payload", f"{name} must be an integer from {low} to {high}")
    return int(text)


def invalid(name: str, choices: Sequence[str]) -> ApiError:
    """The refusal of a value that is none of the documented ones."""
    return ApiError(400, "invalid_payload", f"{name} must be one of: {', '.join(choices)}")


def _first(query: Query, names: Sequence[str]) -> str | None:
    return next((value for name in names if (value := query.get(name))), None)


def _choice(query: Query, names: Sequence[str], choices: Sequence[str], default: str) -> str:
    value = _first(query, names) or default
    if value not in choices:
        raise invalid(names[0], choices)
    return value


def _words(query: Query, *names: str) -> set[str] | None:
    text = _first(query, names)
    return None if text is None else {word.strip() for word in text.split(",") if word.strip()}


def _day(query: Query, name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        if not _DATE.fullmatch(text):
            raise ValueError
        return (date.fromisoformat(text) - _EPOCH).days
    except ValueError:
        raise ApiError(400, "invalid_payload", f"{name} must be YYYY-MM-DD") from None

"""Query parameters, checked as the pages document them."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from sandbox.answers import ApiError
from sandbox.world.chance import DAY

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Query:
    """The query of one request. Unknown parameters are ignored; of repeats the last counts."""

    def __init__(self, raw: str) -> None:
        self.pairs = parse_qsl(raw, keep_blank_values=True)

    def get(self, name: str) -> str | None:
        """The value of a parameter, None when absent or blank."""
        return next((value for key, value in reversed(self.pairs) if key == name), None) or None

    def many(self, name: str) -> list[str]:
        """The values of a repeatable parameter: platform=tiktok&platform=instagram."""
        return [value for key, value in self.pairs if key == name and value]

    def choice(self, name: str, choices: Sequence[str], default: str) -> str:
        """One of the documented values."""
        value = self.get(name)
        if value is None:
            return default
        if value not in choices:
            raise _invalid(name, f"{name} must be one of: {', '.join(choices)}")
        return value

    def flag(self, name: str) -> bool | None:
        """A boolean written as true or false."""
        value = self.get(name)
        return None if value is None else self.choice(name, ("true", "false"), "false") == "true"

    def integer(self, name: str, default: int, low: int, high: int | None = None) -> int:
        """A whole number within the documented range."""
        value = self.get(name)
        if value is None:
            return default
        if not re.fullmatch(r"-?\d{1,9}", value, re.ASCII):
            raise _invalid(name, f"{name} must be an integer")
        number = int(value)
        if number < low or (high is not None and number > high):
            raise _invalid(name, f"{name} must be between {low} and {high or 'any'}")
        return number

    def page(self, default_size: int) -> tuple[int, int]:
        """(page, per_page). More than the documented maximum of 100 per page gives 100."""
        size = self.integer("per_page", default_size, 1)
        return self.integer("page", 1, 1), min(size, 100)

    def window(self) -> tuple[float | None, float | None]:
        """(from, to) in epoch seconds, both inclusive; a bare `to` date reaches its day's end."""
        return self.moment("from"), self.moment("to", DAY - 1)

    def moment(self, name: str, whole_day: int = 0) -> float | None:
        """A time in epoch seconds; a bare date is its first second plus `whole_day` seconds."""
        value = self.get(name)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise _invalid(name, f"{name} must be a date or an ISO timestamp") from None
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return aware.timestamp() + (whole_day if _DATE.fullmatch(value) else 0)


def _invalid(field: str, message: str) -> ApiError:
    # The pages name no code for a bad parameter; this one is ours.
    return ApiError(400, "VALIDATION_ERROR", message, field=field)

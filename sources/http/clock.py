"""The provider's clock, from the `Date` header of its answers: ours may be wrong."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime


class ProviderClock:
    """Now, as the provider says it; this machine's clock until the first answer."""

    def __init__(self) -> None:
        self._said: datetime | None = None
        self._at = 0.0

    def observe(self, date_header: str | None) -> None:
        """Believe a header; one that is no HTTP date changes nothing."""
        if (said := http_date(date_header or "")) is not None:
            self._said, self._at = said, time.monotonic()

    def now(self) -> datetime:
        if self._said is None:
            return datetime.now(UTC)
        # Whole seconds passed since: a header has no fraction, and a frozen clock stays frozen.
        return self._said + timedelta(seconds=int(time.monotonic() - self._at))


def http_date(text: str) -> datetime | None:
    """The instant of an HTTP date in UTC, None when the text is none."""
    try:
        date = parsedate_to_datetime(text)
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None

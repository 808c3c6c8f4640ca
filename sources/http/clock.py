"""The provider's clock, from the `Date` header of its answers. Ours may be wrong; windows use this."""

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
        try:
            said = parsedate_to_datetime(date_header or "")
        except (ValueError, IndexError):
            return
        self._said, self._at = said.astimezone(UTC), time.monotonic()

    def now(self) -> datetime:
        if self._said is None:
            return datetime.now(UTC)
        # Whole seconds passed since: a header has no fraction, and a frozen clock stays frozen.
        return self._said + timedelta(seconds=int(time.monotonic() - self._at))

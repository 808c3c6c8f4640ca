"""The sandbox's own clock. It stands still until it is told to move."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime


@dataclass(slots=True)
class Clock:
    """Now, in whole UTC epoch seconds."""

    now: int

    def http_date(self) -> bytes:
        """The value of the Date header."""
        return format_datetime(datetime.fromtimestamp(self.now, UTC), usegmt=True).encode()

    def iso(self) -> str:
        """Now as ISO 8601 with Z."""
        return datetime.fromtimestamp(self.now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

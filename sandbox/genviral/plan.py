"""The owner's plan and what is left of its credits."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.genviral.book import CREDIT_LIMIT, Book


@dataclass(frozen=True, slots=True)
class Plan:
    """One subscription; credits are counted per calendar month, which here never resets them."""

    limit: int
    remaining: int
    renews_at: int
    status: str = "active"
    tier: str = "professional"
    billing_interval: str = "month"

    @property
    def used(self) -> int:
        """Credits spent this period."""
        return self.limit - self.remaining


def plan_at(book: Book, now: int) -> Plan:
    """The plan at a moment; a limit below what is left would make no sense."""
    return Plan(max(CREDIT_LIMIT, book.credits), book.credits, _next_month(now))


def _next_month(now: int) -> int:
    today = datetime.fromtimestamp(now, UTC)
    year, month = today.year + today.month // 12, today.month % 12 + 1
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp())

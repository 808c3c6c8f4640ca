"""What a run may still spend: requests, and credits of a provider that charges for reading.

Money is asked for before it is spent. A request leaves only when its price is within the run's
budget and leaves the balance above its floor; a request without an answer counts as paid.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from .errors import TryLater


class BudgetSpent(TryLater):
    """The next request would cross the run's budget."""

    code = "budget_spent"
    remedy = "What is loaded stays; the next run goes on from there, or raise the budget."


class CreditsTooLow(TryLater):
    """The next request would bring the provider's balance below the floor."""

    code = "credits_too_low"
    remedy = "What is loaded stays. Buy credits, wait for the refill, or lower credits_floor."


@dataclass
class Budget:
    """The limits of one run, over all its providers and keys; None: none."""

    max_requests: int | None = None
    max_credits: int | None = None
    requests: int = 0
    credits: int = 0

    def take(self, price: int) -> None:
        """Count a request of this price. Raises BudgetSpent before a limit would be crossed."""
        if self.max_requests is not None and self.requests + 1 > self.max_requests:
            raise BudgetSpent(f"the budget of {self.max_requests:,} requests is spent")
        if price and self.max_credits is not None and self.credits + price > self.max_credits:
            raise BudgetSpent(
                f"the budget of {self.max_credits:,} credits is spent: {self.credits:,} used,"
                f" the next request costs {price}"
            )
        self.requests += 1
        self.credits += price

    def give_back(self, price: int, requests: int = 0) -> None:
        """The provider refunded a request, or it was never sent."""
        self.credits -= price
        self.requests -= requests


@dataclass
class Wallet:
    """The credits behind one key. `balance` is what the provider said last; None before that.

    `calls` and `spent` count by endpoint; `refunded_statuses` are those that cost nothing.
    """

    floor: int = 0
    limit: int | None = None  # what one run may spend with this key
    refunded_statuses: frozenset[int] = frozenset()
    opened: bool = False  # an answer came: the balance is known, or never will be
    opening: int | None = None
    balance: int | None = None
    calls: Counter[str] = field(default_factory=Counter)
    spent: Counter[str] = field(default_factory=Counter)
    _under_way: int = 0

    @property
    def credits(self) -> int:
        """Credits spent so far, by the published prices."""
        return self.spent.total()

    def take(self, endpoint: str, price: int) -> None:
        """Pay for a request. Raises CreditsTooLow, or BudgetSpent, before it would cross."""
        if not price:
            return
        left = None if self.balance is None else self.balance - self._under_way
        if left is not None and left - price < self.floor:
            raise CreditsTooLow(f"{left:,} credits are left, the floor is {self.floor:,}")
        if self.limit is not None and self.credits + price > self.limit:
            raise BudgetSpent(
                f"the budget of {self.limit:,} credits is spent: {self.credits:,} used,"
                f" {'an unknown number' if left is None else format(left, ',')} left in the account"
            )
        self._under_way += price
        self.calls[endpoint] += 1
        self.spent[endpoint] += price

    def settle(self, endpoint: str, price: int, status: int | None, balance: int | None) -> int:
        """An answer came (status None: none came); returns what was given back of the price."""
        self._under_way -= price
        refund = price if status in self.refunded_statuses else 0
        self.spent[endpoint] -= refund
        self.opened = self.opened or status is not None
        if balance is not None:
            if self.opening is None:
                self.opening = balance + price - refund
            # Answers overtake each other: while others are under way a higher one is an old one.
            before = self.balance if self._under_way > 0 and not refund else None
            self.balance = balance if before is None else min(balance, before)
        return refund

    def not_sent(self, endpoint: str, price: int) -> None:
        """Paid for, and never asked."""
        if price:
            self._under_way -= price
            self.calls[endpoint] -= 1
            self.spent[endpoint] -= price

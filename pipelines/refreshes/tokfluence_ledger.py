"""The orders of posts in `tokfluence.credit_ledger`: what became of each, whatever was answered.

The provider has no endpoint for its own ledger. A row is written before an order leaves, and is
completed when it is known what the order cost. NULL credits: that is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sources.landing.batch import Batch
from sources.tokfluence.tables import CREDIT_LEDGER

from ..destinations import Warehouse

_TABLE = f'"tokfluence"."{CREDIT_LEDGER.name}"'
_ANALYZE, _REFUSED = "posts.analyze", "posts.analyze, refused"


@dataclass(frozen=True)
class Order:
    """One order. `credits`: what it cost, 0 when it was refunded, None while that is not known."""

    request_id: str
    credits: int | None
    balance_before: int | None
    at: datetime
    refused: bool = False

    @property
    def paid(self) -> bool:
        """The provider took it and kept the credits."""
        return bool(self.credits) and not self.refused

    @property
    def over(self) -> bool:
        """It brought nothing: the same posts may be ordered once more, under another id."""
        return self.refused or self.credits == 0


@dataclass(frozen=True)
class OrderLedger:
    """The orders of one key."""

    warehouse: Warehouse
    tenant: str

    def find(self, request_id: str) -> Order | None:
        """The order of this id; None when none was sent from here."""
        sql = (
            f"select credits, balance_before, fetched_at, operation from {_TABLE}"
            " where tenant = ? and run_id = ? and operation in (?, ?)"
        )
        values = [self.tenant, request_id, _ANALYZE, _REFUSED]
        for credits, balance, at, operation in self.warehouse.query(sql, values):
            return Order(request_id, credits, balance, at, operation == _REFUSED)
        return None

    def begin(self, request_id: str, balance: int | None, now: datetime) -> Order:
        """Note an order before it leaves."""
        order = Order(request_id, None, balance, now)
        self._put(order, _ANALYZE)
        return order

    def complete(self, order: Order, credits: int, *, refused: bool = False) -> None:
        """Note what an order cost."""
        if refused:
            self.forget(order)
        known = Order(order.request_id, credits, order.balance_before, order.at, refused)
        self._put(known, _REFUSED if refused else _ANALYZE)

    def forget(self, order: Order) -> None:
        """Take back a row of which nothing is known: the order is not ours."""
        with self.warehouse.transaction() as execute:
            execute(
                f"delete from {_TABLE} where tenant = ? and run_id = ? and operation = ?",
                [self.tenant, order.request_id, _ANALYZE],
            )

    def spent_since(self, order: Order) -> int:
        """Credits that other orders and runs have spent with this key since an order left."""
        sql = (
            f"select coalesce(sum(credits), 0) from {_TABLE}"
            " where tenant = ? and run_id <> ? and fetched_at > ?"
        )
        return int(self.warehouse.query(sql, [self.tenant, order.request_id, order.at])[0][0])

    def _put(self, order: Order, operation: str) -> None:
        batch = Batch(self.tenant, order.request_id, [CREDIT_LEDGER])
        batch.note(
            CREDIT_LEDGER,
            order.at,
            operation=operation,
            calls=1,
            credits=order.credits,
            balance_before=order.balance_before,
        )
        self.warehouse.put("tokfluence", CREDIT_LEDGER, batch.arrow()[CREDIT_LEDGER.name])

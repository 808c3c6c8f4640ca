"""The orders of one Tokfluence key: each leaves once, and a lost answer is looked up.

An order of up to 50 addresses has an id made of the day and the addresses: the same order repeated
by hand is recognised by the provider and not charged again. The ledger tells what became of it: a
paid order is not sent again, a refunded one is, under another id. When an answer is lost nothing
more is sent, and the balance tells what became of the order before any post is read for a credit.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count

from sources.http.budget import Budget, BudgetSpent, CreditsTooLow
from sources.http.client import HttpClient
from sources.http.errors import Fatal, NotFound, ProviderError, RateLimited, Retriable, TryLater
from sources.landing.rows import first
from sources.tokfluence.actions import CREDITS_PER_URL, OrderedBefore, TokfluenceActions
from sources.tokfluence.client import POST_NOT_FOUND, TokfluenceClient
from sources.tokfluence.options import Options
from sources.tokfluence.tables import POST_SNAPSHOTS

from ..refresh_request import RefreshRequest
from .tokfluence_ledger import Order, OrderLedger
from .tokfluence_rows import Figures, PostRefresh, orders

_REFUNDED = 502
_NOT_CHARGED = frozenset({402, 409, _REFUNDED})  # turned away; known already
_COUNTERS = tuple(column for column in POST_SNAPSHOTS.columns if column.type == "bigint")


@dataclass
class Orders:
    """The orders of one key. `left`: what it may spend, before anything was sent. `can_look`: not
    when the credits for it are spent."""

    http: HttpClient
    options: Options
    budget: Budget
    request: RefreshRequest
    left: int | None = None
    fatal: Fatal | None = None
    can_look: bool = True

    def __post_init__(self) -> None:
        self.connection = connection = self.http.connection
        self.actions, self.client = TokfluenceActions(self.http), TokfluenceClient(self.http)
        connection.budget = self.budget
        connection.wallet.floor = self.options.credits_floor
        connection.wallet.refunded_statuses = _NOT_CHARGED

    @property
    def credits(self) -> int:
        return self.connection.wallet.credits

    async def ask(self) -> None:
        """Whether the key is good, and how much it may spend. Costs nothing."""
        try:
            balance = await self.client.look()
        except Fatal as error:
            self.fatal = error
            return
        self.left = None if balance is None else max(0, balance - self.options.credits_floor)

    async def send(
        self,
        rows: Sequence[PostRefresh],
        ledger: OrderLedger,
        taken: Callable[[Sequence[PostRefresh]], None],
    ) -> None:
        """Order after order, until one is not answered as it should be."""
        self._ledger = ledger
        for order in orders(rows):
            if order[0].outcome != "ready":
                return
            if self.request.wait_seconds:
                await asyncio.gather(*(self._look_before(row) for row in order))
            if ready := [row for row in order if row.outcome == "ready"]:
                await self._send(ready, rows)
            taken([row for row in order if row.done or row.outcome == "unknown"])

    async def _look_before(self, row: PostRefresh) -> None:
        if row.before is None:
            try:
                row.before = await self._figures(row)
            except ProviderError as error:
                row.end("not_asked", error.message)

    async def _send(self, order: Sequence[PostRefresh], all_rows: Sequence[PostRefresh]) -> None:
        urls, price = [row.url for row in order], CREDITS_PER_URL * len(order)
        name, earlier = self._named(urls)
        if earlier and earlier.paid:
            _end(order, "asked", "ordered and paid for earlier today")
            return
        balance = self.connection.wallet.balance
        placed = earlier or self._ledger.begin(name, balance, self.connection.clock.now())
        for row in order:
            row.sent = True
        try:
            said = await self.actions.analyze(urls, name, force=self.request.force)
        except OrderedBefore as error:
            await self._ordered_before(order, all_rows, earlier, placed, error)
        except Retriable as error:
            await self._unanswered(order, all_rows, error, balance, placed)
        except ProviderError as error:
            if not isinstance(error, Fatal):
                self._ledger.complete(placed, price, refused=True)
            self._refused(order, all_rows, error)
        else:
            self._ledger.complete(placed, price)
            by_id = {analysis.post_id: analysis for analysis in said}
            for row in order:
                row.heard(by_id.get(row.name))

    def _named(self, urls: Sequence[str]) -> tuple[str, Order | None]:
        """The id for an order, and the order that was sent under it. Ids of orders that brought
        nothing are passed over: the provider would answer 409."""
        day = self.connection.clock.now().date()
        for attempt in count():
            name = request_id(urls, day, force=self.request.force, attempt=attempt)
            earlier = self._ledger.find(name)
            if earlier is None or not earlier.over:
                break
        return name, earlier

    async def _ordered_before(
        self,
        order: Sequence[PostRefresh],
        all_rows: Sequence[PostRefresh],
        earlier: Order | None,
        placed: Order,
        error: OrderedBefore,
    ) -> None:
        """The provider has seen this order: whether it kept the credits tells what became of it."""
        price, kept = CREDITS_PER_URL * len(order), None
        now = self.connection.wallet.balance
        if earlier is None:
            self._ledger.forget(placed)
        elif now is not None and earlier.balance_before is not None:
            kept = earlier.balance_before - now - self._ledger.spent_since(earlier)
        if kept == price:
            self._ledger.complete(placed, price)
            _end(order, "asked", "ordered and paid for earlier today")
        elif kept == 0:
            self._ledger.complete(placed, 0)
            await self._send(order, all_rows)
        else:
            why = "ordered earlier today, and nothing tells whether it was refunded"
            _end(order, "unknown", f"{why}: {error.message}. Order it tomorrow, or with --force")

    def _refused(
        self, order: Sequence[PostRefresh], all_rows: Sequence[PostRefresh], error: ProviderError
    ) -> None:
        """Nothing more is sent: a refusal is charged, as a rule."""
        if isinstance(error, CreditsTooLow | BudgetSpent):
            for row in order:
                row.sent = error.status is not None  # else it was known before
            too_low = isinstance(error, CreditsTooLow)
            _end(all_rows, "no_credits" if too_low else "over_budget", error.message)
        elif isinstance(error, Fatal):
            self.fatal = error
            _end(all_rows, "not_asked", error.message)
        else:
            _end(order, "refused", error.message)
            _end(all_rows, "not_asked", "not sent: the order before was refused")

    async def _unanswered(
        self,
        order: Sequence[PostRefresh],
        all_rows: Sequence[PostRefresh],
        error: Retriable,
        balance: int | None,
        placed: Order,
    ) -> None:
        if isinstance(error, RateLimited):
            _end(all_rows, "rate_limited", error.message)
        elif error.status == _REFUNDED:
            self._ledger.complete(placed, 0)
            _end(order, "not_asked", f"{error.message}; refunded. The same command orders it again")
        else:
            await self._look_up(order, error, balance, placed)
        _end(all_rows, "not_asked", "not sent: the answer to the order before was lost")

    async def _look_up(
        self, order: Sequence[PostRefresh], lost: Retriable, balance: int | None, placed: Order
    ) -> None:
        """An order is charged before the work: a balance that fell by less says that it was not
        taken, one that fell by just its price that it was. Otherwise the posts may tell."""
        price = CREDITS_PER_URL * len(order)
        try:
            now = await self.client.look()
        except Fatal:
            now = None
        fell = None if balance is None or now is None else balance - now
        if fell is not None and 0 <= fell < price:
            _end(order, "not_asked", f"{lost.message}; not taken, nothing was charged")
        elif fell == price:
            self._ledger.complete(placed, price)
            _end(order, "asked", "the answer was lost; the provider took the order")
        else:
            _end(order, "unknown", lost.message)
            for row in order:
                await self._look_again(row)

    async def _look_again(self, row: PostRefresh) -> None:
        """Worth its credit only where it is known what was there before."""
        if row.before is not None and self.can_look:
            await self.look(row)

    async def look(self, row: PostRefresh) -> None:
        """Whether the new figures are there, for a credit."""
        try:
            row.saw(await self._figures(row))
        except TryLater as error:  # no credits for more looks; the next sync reads it
            self.can_look, row.message = False, error.message
        except ProviderError as error:
            row.message = error.message

    async def _figures(self, row: PostRefresh) -> Figures:
        try:
            said = await self.client.get_post(row.name)
        except NotFound as error:
            if error.code != POST_NOT_FOUND:
                raise
            return ()
        return tuple(first(said, *column.aliases) for column in _COUNTERS)


def _end(rows: Sequence[PostRefresh], outcome: str, message: str) -> None:
    """All that are still to be sent, or of which the answer is awaited."""
    for row in rows:
        if row.outcome == "ready":
            row.end(outcome, message)


def request_id(urls: Sequence[str], day: date, *, force: bool, attempt: int = 0) -> str:
    """The same for the same order within a day, whatever its order of addresses. `attempt` counts
    the orders before it that brought nothing."""
    text = "\n".join([day.isoformat(), str(force), *sorted(urls)])
    text += f"\n{attempt}" if attempt else ""
    return f"social-{hashlib.sha256(text.encode()).hexdigest()[:32]}"

"""Genviral: targets. One refresh a day is free for each, a further one costs credits.

Free ones go first, one after the other: only the answer tells what a refresh has cost, and the next
one leaves when the budget still has room for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sources.genviral.actions import CONFLICT, CREDITS_ABOUT, GenviralActions
from sources.http.budget import CreditsTooLow
from sources.http.client import HttpClient, Timeouts
from sources.http.errors import Fatal, ProviderError, RateLimited, Retriable, Skippable

from ..exits import Stop
from ..refresh_plan import Refresh, RefreshResult, judge
from ..refresh_request import RefreshRequest
from ..settings import ProviderSettings
from .genviral_rows import Plan, TargetRefresh, price_of

TAKES = frozenset({"max_accounts"})
TIMEOUTS = Timeouts()
_CLOSED_AFTER = 3  # failures in a row: whatever it is, it is not one target's trouble


def begin(
    request: RefreshRequest, settings: ProviderSettings, clients: Mapping[str, HttpClient]
) -> GenviralRefresh:
    return GenviralRefresh(request, clients)


@dataclass
class Purse:
    """The budget of the command, over all keys. `price`: the most that a paid refresh has cost;
    `misled`: one that was listed as free was charged."""

    budget: int | None
    spent: int = 0
    price: int = CREDITS_ABOUT
    misled: bool = False

    def allows(self, row: TargetRefresh) -> bool:
        """Whether the budget has room for it."""
        if row.free and not self.misled:
            return True
        return self.spent + self.price <= (self.budget or 0)

    def paid(self, row: TargetRefresh, credits: int) -> None:
        row.credits = credits
        self.spent += credits
        self.price = max(self.price, credits)
        self.misled = self.misled or (row.free and credits > 0)


class GenviralRefresh(Refresh):
    """The targets of all keys."""

    things = "targets"

    def __init__(self, request: RefreshRequest, clients: Mapping[str, HttpClient]) -> None:
        self._request, self._purse = request, Purse(request.max_credits)
        self._keys = [
            _Key(tenant, GenviralActions(http), self._purse) for tenant, http in clients.items()
        ]
        self._unlisted: list[TargetRefresh] = []

    @property
    def rows(self) -> Sequence[TargetRefresh]:
        return [*(row for key in self._keys for row in key.rows), *self._unlisted]

    @property
    def awaited(self) -> list[TargetRefresh]:
        """Also those of which nothing is known: a look may tell."""
        return [row for row in self.rows if row.pending or row.outcome == "unknown"]

    async def ask(self) -> None:
        wanted = None if self._request.everything else list(self._request.accounts)
        for key in self._keys:
            await key.ask(wanted)
        if wanted is not None and not any(key.fatal for key in self._keys):
            self._unlisted = [
                TargetRefresh(name, outcome="refused", message="no key lists this target")
                for name in dict.fromkeys(wanted)
                if not any(row.is_named(name) for row in self.rows)
            ]
        left = {key.tenant: key.left for key in self._keys}
        limits = (self._request.max_accounts, self._request.max_credits)
        self._plan = Plan(self.rows, left, *limits)

    def sentence(self) -> str:
        return self._plan.sentence()

    async def send(self) -> None:
        for rows in self._plan.ready:
            for key in self._keys:
                await key.send([row for row in rows if row.tenant == key.tenant])

    async def look(self) -> None:
        for row in self.awaited:
            await next(key for key in self._keys if key.tenant == row.tenant).look(row)

    def result(self) -> RefreshResult:
        done = ",".join(row.name for row in self.rows if row.done)
        facts = {
            "credits_used": self._purse.spent,
            "credits_left_before": {key.tenant: key.left for key in self._keys},
        }
        return RefreshResult(
            "genviral",
            self.things,
            self.rows,
            [key.fatal for key in self._keys if key.fatal],
            facts,
            f"social sync -s genviral --accounts {done}",
            flag=f"--max-credits {price_of(self.rows)}",
            free_again=True,
        )


@dataclass
class _Key:
    """The targets of one key. `left`: its credits before anything was sent."""

    tenant: str
    actions: GenviralActions
    purse: Purse
    left: int | None = None
    fatal: Fatal | None = None
    rows: list[TargetRefresh] = field(default_factory=list)
    _failures: int = 0  # in a row

    async def ask(self, wanted: list[str] | None) -> None:
        """The targets that are wanted (None: all), and the credits that are left."""
        try:
            listed = await self.actions.list_targets()
            rows = [TargetRefresh.listed(raw, self.tenant) for raw in listed]
            self.rows = [row for row in rows if row and _is_wanted(row, wanted)]
            self.left = await self._credits_left()
        except Fatal as error:
            self._ended(error)
        except ProviderError as error:
            raise Stop(*judge(error)) from error

    async def _credits_left(self) -> int | None:
        try:
            return await self.actions.get_credits_left()
        except Skippable:  # a plan without it; what is free is free all the same
            return None

    async def send(self, rows: list[TargetRefresh]) -> None:
        """One POST for each, while the key, the credits and the budget last."""
        for row in rows:
            if row.outcome != "ready":  # the key ended meanwhile
                continue
            if not self.purse.allows(row):
                unlimited = self.purse.budget is None
                row.end("needs_budget" if unlimited else "over_budget", "--max-credits")
            elif self._failures >= _CLOSED_AFTER:
                row.end("not_asked", f"{_CLOSED_AFTER} in a row failed before it")
            else:
                await self._send(row)

    async def _send(self, row: TargetRefresh) -> None:
        row.sent = True
        try:
            said = await self.actions.refresh(row.name)
        except CreditsTooLow as error:
            self._hold_back("no_credits", error.message)
        except Fatal as error:
            self._ended(error)
        except ProviderError as error:
            await self._failed(row, error)
        else:
            self._failures = 0
            self.purse.paid(row, said.credits)
            row.taken(said)

    async def _failed(self, row: TargetRefresh, error: ProviderError) -> None:
        if error.code == CONFLICT:
            self._failures = 0
            row.end("conflict", "a refresh of somebody else's runs already")
            if row.refreshed_before is None:
                await self.look(row)
            return
        self._failures += 1
        if isinstance(error, RateLimited):
            row.end("rate_limited", error.message)
        elif isinstance(error, Retriable):
            await self._look_up(row, error)
        else:
            row.end("refused", error.message)

    async def _look_up(self, row: TargetRefresh, lost: ProviderError) -> None:
        """The answer was lost: the target tells whether its free refresh is gone, or a new one is
        done. Of a paid one that still runs nothing tells."""
        row.end("unknown", lost.message)
        try:
            now = await self.actions.get_freshness(row.name)
        except ProviderError:
            now = None
        if not row.free:  # whether it was charged is not told: it counts as paid
            self.purse.paid(row, self.purse.price)
        elif now is not None and now.free is False:
            row.end("asked", "the answer was lost; the provider took it")
        elif now is not None and now.free:
            row.end("not_asked", f"{lost.message}; not taken, it is still free")
        if now is not None:
            row.saw(now)

    async def look(self, row: TargetRefresh) -> None:
        """Whether the new figures are there: by the refresh, or by the target where none is
        known."""
        try:
            if row.refresh_id:
                row.taken(await self.actions.get_refresh(row.refresh_id))
            else:
                row.saw(await self.actions.get_freshness(row.name))
        except ProviderError as error:  # the refresh itself went well
            row.message = error.message

    def _ended(self, error: Fatal) -> None:
        self.fatal = error
        self._hold_back("not_asked", error.message)

    def _hold_back(self, outcome: str, message: str) -> None:
        for row in self.rows:
            if row.outcome in ("new", "ready"):
                row.end(outcome, message)


def _is_wanted(row: TargetRefresh, wanted: list[str] | None) -> bool:
    return wanted is None or any(row.is_named(name) for name in wanted)

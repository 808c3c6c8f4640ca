"""TokPortal: accounts, each within its cooldown and the month's quota.

Every account is asked first whether it may be refreshed: cooldown and quota are the provider's to
know, and remembering them here could only be wrong. The same question tells what became of a POST
whose answer is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sources.http.client import HttpClient, Timeouts
from sources.http.errors import Fatal, NotInPlan, ProviderError, Retriable
from sources.tokportal.actions import COOLDOWN, QUOTA, Availability, TokPortalActions

from ..exits import Stop
from ..refresh_plan import Refresh, RefreshResult, judge
from ..refresh_request import RefreshRequest
from ..settings import ProviderSettings
from .tokportal_rows import CREDITS_DOCUMENTED, AccountRefresh, Plan

TAKES = frozenset({"max_accounts", "force"})
TIMEOUTS = Timeouts()
_CLOSED_AFTER = 3  # refusals in a row: the key may not refresh at all


def begin(
    request: RefreshRequest, settings: ProviderSettings, clients: Mapping[str, HttpClient]
) -> TokPortalRefresh:
    return TokPortalRefresh(request, clients)


class TokPortalRefresh(Refresh):
    """The accounts of all keys."""

    things = "accounts"

    def __init__(self, request: RefreshRequest, clients: Mapping[str, HttpClient]) -> None:
        self._request = request
        self._keys = [
            _Key(tenant, TokPortalActions(http), request) for tenant, http in clients.items()
        ]
        self._unlisted: list[AccountRefresh] = []

    @property
    def rows(self) -> Sequence[AccountRefresh]:
        return [*(row for key in self._keys for row in key.rows), *self._unlisted]

    async def ask(self) -> None:
        for key in self._keys:
            await key.ask(alone=len(self._keys) == 1)
        limit = self._request.max_accounts
        is_cut = limit is not None and sum(row.outcome == "ready" for row in self.rows) > limit
        for key in self._keys:
            await key.learn_captures(is_cut=is_cut)
        self._plan = Plan(self.rows, self._request.max_accounts)

    def sentence(self) -> str:
        return self._plan.sentence()

    async def send(self) -> None:
        for key in self._keys:
            await key.send()
        if not any(key.fatal for key in self._keys):
            unknown = set(self._request.accounts) - {row.name for row in self.rows}
            self._unlisted = [AccountRefresh.missing(account_id) for account_id in sorted(unknown)]

    async def look(self) -> None:
        for key in self._keys:
            for row in key.rows:
                if row.pending:
                    await key.look(row)

    def result(self) -> RefreshResult:
        limits = [row for row in self.rows if row.quota_limit is not None]
        quota = {"limit": limits[0].quota_limit, "used": limits[0].quota_used} if limits else None
        done = ",".join(row.name for row in self.rows if row.done)
        return RefreshResult(
            "tokportal",
            self.things,
            self.rows,
            [key.fatal for key in self._keys if key.fatal],
            {"credits_documented": CREDITS_DOCUMENTED, "monthly_quota_before": quota},
            f"social sync --accounts {done}",
        )


@dataclass
class _Key:
    """The accounts of one key."""

    tenant: str
    actions: TokPortalActions
    request: RefreshRequest
    fatal: Fatal | None = None

    def __post_init__(self) -> None:
        self.rows: list[AccountRefresh] = []

    async def ask(self, *, alone: bool) -> None:
        """What may be refreshed. With several keys the listing says whose an account is."""
        wanted = list(dict.fromkeys(self.request.accounts))
        try:
            if self.request.everything or not alone:
                listed = await self.actions.list_account_ids()
                wanted = [id_ for id_ in listed if self.request.everything or id_ in wanted]
            self.rows = [AccountRefresh(account_id, self.tenant) for account_id in wanted]
            await asyncio.gather(*(self._ask(row) for row in self.rows))
        except Fatal as error:
            self._ended(error)
        except ProviderError as error:
            raise Stop(*judge(error)) from error

    async def learn_captures(self, *, is_cut: bool) -> None:
        """When each account was measured last, where a limit leaves some out: it takes the longest
        unmeasured first. The dashboard says it of all in one request; an account that it leaves out
        is asked alone."""
        ready = [row for row in self.rows if row.outcome == "ready"]
        quotas = [row.quota_left for row in ready if row.quota_left is not None]
        if not is_cut and len(ready) <= min(quotas, default=len(ready)):
            return
        try:
            captures = await self.actions.list_captures()
            for row in ready:
                if (captured_at := captures.get(row.name)) is None:
                    captured_at = await self.actions.latest_capture(row.name)
                row.captured_before = captured_at
        except Fatal as error:
            self._ended(error)
        except ProviderError:  # the order matters less than the refresh
            return

    async def _ask(self, row: AccountRefresh) -> None:
        try:
            row.heard(await self.actions.can_refresh(row.name), force=self.request.force)
        except Fatal:
            raise
        except ProviderError as error:
            row.refused(error)

    async def send(self) -> None:
        """One POST per account that is ready; none any more once the key or its quota is done."""
        refusals = 0
        for row in self.rows:
            if row.outcome != "ready" or self.fatal:
                continue
            if refusals >= _CLOSED_AFTER:
                row.end("refused", "the key may not refresh")
                continue
            try:
                refusals = refusals + 1 if await self._send(row) else -len(self.rows)
            except Fatal as error:
                self._ended(error)

    async def _send(self, row: AccountRefresh) -> bool:
        """Whether it was refused as not being in the plan."""
        try:
            if self.request.wait_seconds:
                row.captured_before = await self.actions.latest_capture(row.name)
            row.sent = True
            row.status = await self.actions.refresh(row.name, force=self.request.force)
        except ProviderError as error:
            await self._failed(row, error)
            return isinstance(error, NotInPlan) and row.outcome == "refused"
        row.outcome = "asked"
        return False

    async def _failed(self, row: AccountRefresh, error: ProviderError) -> None:
        row.refused(error)
        if error.code == QUOTA:
            row.outcome = "quota"
            for other in self.rows:
                if other.outcome == "ready":
                    other.end("quota", error.message)
        elif error.code == COOLDOWN:
            row.outcome = "cooldown"
            row.next_refresh_at = (await self._look_up(row)).next_refresh_at
        elif isinstance(error, Fatal):
            raise error
        elif isinstance(error, Retriable) and row.sent:
            now = await self._look_up(row)
            row.outcome = "asked" if row.has_moved(now) else "unknown"
            row.next_refresh_at = now.next_refresh_at

    async def _look_up(self, row: AccountRefresh) -> Availability:
        try:
            return await self.actions.can_refresh(row.name)
        except ProviderError:
            return Availability(None)

    async def look(self, row: AccountRefresh) -> None:
        """Whether the new capture is there."""
        try:
            row.saw(await self.actions.latest_capture(row.name))
        except ProviderError as error:  # the refresh itself went well
            row.message = error.message

    def _ended(self, error: Fatal) -> None:
        self.fatal = error
        for row in self.rows:
            if row.outcome in ("new", "ready"):
                row.end("not_asked", error.message)

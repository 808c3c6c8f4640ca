"""`social refresh`: asks a provider to measure accounts anew. Shows first what it would do.

Every account is asked first whether it may be refreshed: cooldown and quota are the provider's to
know, and remembering them here could only be wrong. The POST is sent once. When its answer is lost,
the same question tells what became of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from sources.http.client import Connection, HttpClient
from sources.http.errors import EgressRefused, Fatal, NotInPlan, ProviderError, Retriable
from sources.tokportal import connect
from sources.tokportal.actions import COOLDOWN, QUOTA, Availability, TokPortalActions

from .exits import Stop, usage
from .refresh_plan import AccountRefresh, Plan, RefreshResult, judge
from .settings import ProviderSettings, provider_settings, reread_key

_PROVIDERS = ("tokportal",)
_CLOSED_AFTER = 3  # refusals in a row: the key may not refresh at all
_FIRST_LOOK_SECONDS, _LONGEST_LOOK_SECONDS = 1.0, 30.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class RefreshRequest:
    """What was asked on the command line. `wait_seconds`: for the new captures; 0 does not wait.

    `agreed`: --yes was given. `watched`: somebody sits at the terminal.
    """

    provider: str
    accounts: Sequence[str] = ()
    everything: bool = False
    max_accounts: int | None = None
    force: bool = False
    wait_seconds: float = 0.0
    agreed: bool = False
    watched: bool = False

    def check(self) -> None:
        """Raises Stop (usage) for what contradicts itself."""
        if self.provider not in _PROVIDERS:
            known = ", ".join(_PROVIDERS)
            raise usage(f"{self.provider!r} cannot be refreshed", f"Known: {known}.")
        if bool(self.accounts) == self.everything:
            raise usage("which accounts is not said", "Give --accounts a,b or --all, not both.")


def connection_of(settings: ProviderSettings, tenant: str) -> Connection:
    """A connection for one key. Raises Stop (usage) for an address no key may be sent to."""
    try:
        return connect(
            settings.keys[tenant],
            settings.base_url,
            requests_per_minute=settings.requests_per_minute,
            concurrency=settings.concurrency,
            reread=lambda: reread_key(settings.name, tenant),
        )
    except EgressRefused as error:
        raise usage(error.message, error.remedy) from error


def configured(name: str) -> ProviderSettings:
    """Settings of a provider that has a key. Raises Stop (usage) otherwise."""
    settings = provider_settings(name)
    if not settings.configured:
        variable = f"SOURCES__{name.upper()}__API_KEY"
        raise usage(f"no key is configured for {name}", f"`social init`, or set {variable}.")
    return settings


def refresh(request: RefreshRequest, say: Say) -> RefreshResult:
    """Refresh what may be refreshed. Raises Stop (usage) where it must be agreed to first."""
    request.check()
    settings = configured(request.provider)
    connections = {tenant: connection_of(settings, tenant) for tenant in settings.keys}
    return asyncio.run(_refresh(request, connections, say))


async def _refresh(
    request: RefreshRequest, connections: dict[str, Connection], say: Say
) -> RefreshResult:
    async with AsyncExitStack() as stack:
        keys = []
        for tenant, connection in connections.items():
            http = await stack.enter_async_context(HttpClient(connection))
            keys.append(_Key(tenant, TokPortalActions(http), request))
        for key in keys:
            await key.ask(alone=len(keys) == 1)
        plan = Plan([row for key in keys for row in key.rows], request.max_accounts)
        say(plan.sentence())
        _agreed(request, plan)
        for key in keys:
            await key.send()
        if request.wait_seconds:
            await _watch(keys, request.wait_seconds, say)
        unknown = set(request.accounts) - {row.account_id for row in plan.rows}
        missing = [] if any(key.fatal for key in keys) else sorted(unknown)
        rows = [*plan.rows, *(AccountRefresh.missing(account_id) for account_id in missing)]
        return RefreshResult(rows, [key.fatal for key in keys if key.fatal])


def _agreed(request: RefreshRequest, plan: Plan) -> None:
    """Raises Stop (usage) unless --yes was given, or one account is refreshed from a terminal."""
    count = len(plan.ready)
    if count and not request.agreed and (count > 1 or not request.watched):
        raise usage(
            f"nothing was sent: refreshing {count} account{'s' * (count > 1)} must be agreed to",
            "Run it again with --yes.",
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

    async def _ask(self, row: AccountRefresh) -> None:
        try:
            row.heard(await self.actions.can_refresh(row.account_id), force=self.request.force)
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
                row.outcome, row.message = "refused", "the key may not refresh"
                continue
            try:
                refusals = refusals + 1 if await self._send(row) else -len(self.rows)
            except Fatal as error:
                self._ended(error)

    async def _send(self, row: AccountRefresh) -> bool:
        """Whether it was refused as not being in the plan."""
        try:
            if self.request.wait_seconds:
                row.captured_before = await self.actions.latest_capture(row.account_id)
            row.sent = True
            row.status = await self.actions.refresh(row.account_id, force=self.request.force)
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
                    other.outcome, other.message = "quota", error.message
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
            return await self.actions.can_refresh(row.account_id)
        except ProviderError:
            return Availability(None)

    def _ended(self, error: Fatal) -> None:
        self.fatal = error
        for row in self.rows:
            if row.outcome in ("new", "ready"):
                row.outcome, row.message = "not_asked", error.message


async def _watch(keys: list[_Key], seconds: float, say: Say) -> None:
    """Look for the new captures, less and less often, until all are there or patience ends."""
    pause, deadline = _FIRST_LOOK_SECONDS, time.monotonic() + seconds
    while pending := [(key, row) for key in keys for row in key.rows if row.pending]:
        for key, row in pending:
            await _look(key, row)
        left = deadline - time.monotonic()
        if left <= 0 or not any(row.pending for _, row in pending):
            return
        say(f"waiting for {sum(row.pending for _, row in pending)} new captures")
        await asyncio.sleep(min(pause, left))
        pause = min(_LONGEST_LOOK_SECONDS, pause * 1.5)


async def _look(key: _Key, row: AccountRefresh) -> None:
    try:
        row.saw(await key.actions.latest_capture(row.account_id))
    except ProviderError as error:  # the refresh itself went well
        row.message = error.message

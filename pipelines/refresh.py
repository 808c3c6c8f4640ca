"""`social refresh`: has a provider measure anew. Shows count, price and what is left first.

Whatever acts is sent once. When its answer is lost, the provider is asked what became of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

import sources
from sources.http.client import Connection, HttpClient
from sources.http.errors import EgressRefused

from . import refreshes
from .exits import usage
from .refresh_plan import Refresh, RefreshResult
from .refresh_request import RefreshRequest
from .settings import ProviderSettings, provider_settings, reread_key

__all__ = ["RefreshRequest", "configured", "connection_of", "refresh"]

_GROWTH = 1.5

Say = Callable[[str], None]


def connection_of(settings: ProviderSettings, tenant: str) -> Connection:
    """A connection for one key. Raises Stop (usage) for an address no key may be sent to."""
    try:
        connection: Connection = sources.get(settings.name).connect(
            settings.keys[tenant],
            settings.base_url,
            requests_per_minute=settings.requests_per_minute,
            concurrency=settings.concurrency,
            reread=lambda: reread_key(settings.name, tenant),
        )
    except EgressRefused as error:
        raise usage(error.message, error.remedy) from error
    return connection


def configured(name: str) -> ProviderSettings:
    """Settings of a provider that has a key. Raises Stop (usage) otherwise."""
    settings = provider_settings(name)
    if not settings.configured:
        variable = f"SOURCES__{name.upper()}__API_KEY"
        raise usage(f"no key is configured for {name}", f"`social init`, or set {variable}.")
    return settings


def refresh(request: RefreshRequest, say: Say) -> RefreshResult:
    """Refresh what may be refreshed, with every key that is configured."""
    request.check()
    settings = configured(request.provider)
    connections = {tenant: connection_of(settings, tenant) for tenant in settings.keys}
    return asyncio.run(carry_out(request, settings, connections, say))


async def carry_out(
    request: RefreshRequest,
    settings: ProviderSettings,
    connections: dict[str, Connection],
    say: Say,
) -> RefreshResult:
    """Ask, show, send, and look. Raises Stop (usage) where it must be agreed to first."""
    provider = refreshes.get(request.provider)
    async with AsyncExitStack() as stack:
        for connection in connections.values():
            connection.timeouts = provider.TIMEOUTS
        clients = {
            tenant: await stack.enter_async_context(HttpClient(connection))
            for tenant, connection in connections.items()
        }
        work: Refresh = provider.begin(request, settings, clients)
        with work.prepared():
            await work.ask()
            say(work.sentence())
            _agreed(request, work)
            await work.send()
        if request.wait_seconds:
            await _watch(work, request.wait_seconds, say)
        return work.result()


def _agreed(request: RefreshRequest, work: Refresh) -> None:
    """Raises Stop (usage) unless --yes was given, or one alone is refreshed from a terminal."""
    count = len(work.ready)
    if count and not request.agreed and (count > 1 or not request.watched):
        thing = work.things if count > 1 else work.things.removesuffix("s")
        raise usage(
            f"nothing was sent: refreshing {count} {thing} must be agreed to",
            "Run it again with --yes.",
        )


async def _watch(work: Refresh, seconds: float, say: Say) -> None:
    """Look for the new figures, less and less often, until all are there or patience ends."""
    pause, deadline = work.first_pause, time.monotonic() + seconds
    while work.awaited and (left := deadline - time.monotonic()) > 0:
        say(f"waiting for {len(work.awaited)} new captures")
        await asyncio.sleep(min(pause, left))
        await work.look()
        pause = min(work.longest_pause, pause * _GROWTH)

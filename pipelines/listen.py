"""`social listen`: receives TokPortal's webhooks, answers at once, and has the inbox handled.

The receiver verifies, stores and answers. Syncs run in a child (`social listen --once`), so that
none of them can delay an answer, and a stop of the receiver is quick.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import socket
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette

from sources.http.redaction import register

from .connection_limits import HEADER_BYTES, ConnectionLimits, limited_protocol
from .destinations import destination
from .drain import Drained, drain
from .exits import Exit, usage
from .inbox import Inbox
from .placeholders import is_placeholder
from .progress import Progress
from .receiver import receiver_app
from .settings import provider_settings
from .signals import Stopper, stopped_by_signals

_CONNECTIONS_PER_PEER = 20
_CHILD_STOP_SECONDS = 6.0  # a sync that is stopped commits and ends in less; then it is killed
_GRACEFUL_SECONDS = 2
_LONGEST_DEBOUNCES = 12  # a steady stream of events must not put off its sync for ever
_FIRST_RETRY_SECONDS, _LONGEST_RETRY_SECONDS = 30.0, 3600.0


@dataclass(frozen=True)
class ListenRequest:
    """What was asked on the command line. `child`: flags that the handling process gets too."""

    host: str
    port: int
    debounce_seconds: float
    child: Sequence[str] = ()
    target: str = "duckdb"


def inbox_of_warehouse(target: str) -> Inbox:
    """`inbox/<warehouse>` beside the warehouse. Raises Stop (usage) where it cannot be made."""
    place = destination(target)
    folder = place.folder / "inbox"
    try:
        return Inbox(folder / place.name)
    except OSError as error:
        raise usage(f"{folder} cannot be written: {error.strerror}") from error


def webhook_secrets() -> list[str]:
    """The signing secrets, several while one replaces another. Raises Stop (usage) for none."""
    import dlt

    said = _listed(dlt.secrets.get("sources.tokportal.webhook_secrets"))
    secrets = [secret.strip() if isinstance(secret, str) else "" for secret in said]
    if not secrets or any(map(is_placeholder, secrets)):
        raise usage(
            "a signing secret is empty or a placeholder"
            if secrets
            else "no signing secret is configured",
            "TokPortal shows it once, when the webhook is created. Put it in .dlt/secrets.toml,"
            " [sources.tokportal] webhook_secrets, or in SOURCES__TOKPORTAL__WEBHOOK_SECRETS.",
        )
    for secret in secrets:
        register(secret)
    return secrets


def _listed(value: Any) -> list[Any]:
    """A list, as TOML or as JSON in a variable; else texts by comma."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        with suppress(ValueError):
            value = json.loads(value)
    if isinstance(value, list):
        return value
    return [] if value in (None, "") else str(value).split(",")


def handle_once(target: str, wait_seconds: float, progress: Progress) -> Drained:
    """Handle what the inbox holds. Raises Stop when lock or warehouse stand in the way."""
    return drain(inbox_of_warehouse(target), target, wait_seconds, progress)


def listen(request: ListenRequest, progress: Progress) -> Exit:
    """Receive until a signal. Raises Stop (usage) for secrets, key, folder or port."""
    secrets = webhook_secrets()
    if not provider_settings("tokportal").configured:
        raise usage("no key is configured for tokportal", "`social init`, then `social check`.")
    inbox = inbox_of_warehouse(request.target)
    limits = ConnectionLimits(per_peer=None if _is_local(request.host) else _CONNECTIONS_PER_PEER)
    if limits.per_peer is not None:
        progress.event(
            "listen.exposed",
            "warning",
            host=request.host,
            reason="other hosts can connect, and without TLS; a proxy on this host should stand in"
            " front, and --host 127.0.0.1 behind it",
        )
    listener = _bound(request.host, request.port)
    with stopped_by_signals() as stopper:
        handler = _Handler(inbox, request, progress)
        app = receiver_app(secrets, inbox, handler.wake, progress)
        asyncio.run(_serve(_config(app, limits), listener, handler, stopper))
        return stopper.exit_code or Exit.OK


def _bound(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=512)
    except (OSError, OverflowError) as error:
        raise usage(f"{host}:{port} cannot be listened on: {error}", "Choose another.") from error


async def _serve(
    config: uvicorn.Config, listener: socket.socket, handler: _Handler, stopper: Stopper
) -> None:
    server = _Server(config)
    tasks = [asyncio.create_task(handler.run()), asyncio.create_task(_stop_with(server, stopper))]
    host, port = listener.getsockname()[:2]
    handler.progress.event("listen.ready", url=f"http://{host}:{port}/", waiting=handler.waiting())
    try:
        await server.serve(sockets=[listener])
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        handler.progress.event("listen.stopped", waiting=handler.waiting())


class _Server(uvicorn.Server):
    """Uvicorn that leaves signals to us: it would raise them again after a clean stop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _config(app: Starlette, limits: ConnectionLimits) -> uvicorn.Config:
    logging.getLogger("uvicorn.error").disabled = True
    return uvicorn.Config(
        app,
        http=limited_protocol(limits),
        ws="none",
        h11_max_incomplete_event_size=HEADER_BYTES,
        headers=[("Connection", "close")],  # one request each: the next one is limited like it
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACEFUL_SECONDS,
    )


async def _stop_with(server: uvicorn.Server, stopper: Stopper) -> None:
    while not stopper.stop.is_set():
        await asyncio.sleep(0.1)
    server.should_exit = True


@dataclass
class _Handler:
    """Has the inbox handled when it was quiet for a moment: several events, one sync."""

    inbox: Inbox
    request: ListenRequest
    progress: Progress
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _last: float = 0.0

    def wake(self) -> None:
        self._last = time.monotonic()
        self._woken.set()

    def waiting(self) -> int:
        return len(self.inbox.waiting())

    async def run(self) -> None:
        failures = 0
        if self.waiting():
            self.wake()
        while True:
            await self._woken.wait()
            await self._quiet()
            self._woken.clear()
            code = await self._handle()
            failures = failures + 1 if code else 0
            if failures:
                await self._pause(code, failures)
                self._woken.set()

    async def _pause(self, code: int, failures: int) -> None:
        """Longer from failure to failure. One account's trouble does not keep others waiting."""
        pause = min(_LONGEST_RETRY_SECONDS, _FIRST_RETRY_SECONDS * 2.0 ** min(failures - 1, 20))
        self.progress.event("inbox.left", "warning", exit_code=code, retry_in_seconds=pause)
        await asyncio.sleep(_FIRST_RETRY_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(pause - _FIRST_RETRY_SECONDS):
                await (self._woken.wait() if code == Exit.PARTIAL else asyncio.sleep(pause))

    async def _quiet(self) -> None:
        calm = self.request.debounce_seconds
        latest = time.monotonic() + calm * _LONGEST_DEBOUNCES
        while (now := time.monotonic()) < min(self._last + calm, latest):
            await asyncio.sleep(min(self._last + calm, latest) - now)

    async def _handle(self) -> int:
        command = ("-m", "pipelines", "listen", "--once", *self.request.child)
        try:  # a session of its own: Ctrl-C reaches it through us, once
            child = await asyncio.create_subprocess_exec(
                sys.executable, *command, start_new_session=True
            )
        except OSError as error:
            self.progress.event("inbox.not_handled", "error", reason=str(error))
            return Exit.BUG
        try:
            return await child.wait()
        finally:
            await _ended(child)


async def _ended(child: Process) -> None:
    """Asked to stop, then killed: what it committed stays, the inbox is as it was."""
    if child.returncode is not None:
        return
    child.terminate()
    try:
        async with asyncio.timeout(_CHILD_STOP_SECONDS):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()

"""One provider, one key: every request of this project leaves through `HttpClient.get` or `post`.

httpx with the aiohttp transport (a sixth of the CPU of httpx's own). Redirects, cookies and proxies
from the environment are off; bodies are read under caps; each failure becomes one class of
`errors`, already redacted.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
import httpx
import stamina
from httpx_aiohttp import AiohttpTransport

from . import json_body
from .auth import HeaderAuth
from .clock import ProviderClock
from .egress import checked_base_url
from .errors import (
    BadBody,
    ConnectionFault,
    CredentialsRefused,
    NoDataYet,
    NotFound,
    NotInPlan,
    ProviderError,
    RateLimited,
    Refused,
    ServerFault,
)
from .rate_limit import RateLimit
from .redaction import redact
from .retry import ATTEMPTS, RetryPolicy, hint_seconds

T = TypeVar("T")
Params = Sequence[tuple[str, str]]

MAX_WIRE_BYTES = 16 * 1024 * 1024
MAX_BODY_BYTES = 64 * 1024 * 1024
CONNECT_SECONDS, READ_SECONDS, REQUEST_SECONDS = 10.0, 30.0, 120.0
_USER_AGENT = "social-warehouse/0.1"


@dataclass
class Traffic:
    """What was asked so far, for the plan, the ledger and the result line."""

    requests: int = 0
    retries: int = 0
    waited_seconds: float = 0.0
    by_endpoint: Counter[str] = field(default_factory=Counter)


@dataclass
class Connection:
    """What outlives one event loop: address, key, rate, retry policy, clock, counts."""

    provider: str
    base_url: str
    auth: HeaderAuth
    rate: RateLimit
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    clock: ProviderClock = field(default_factory=ProviderClock)
    traffic: Traffic = field(default_factory=Traffic)
    concurrency: int = 16
    no_data_codes: frozenset[str] = frozenset()
    ours_alone_codes: frozenset[str] = frozenset()  # 403 that speaks of one id, not of the plan

    def __post_init__(self) -> None:
        self.base_url = checked_base_url(self.base_url)


class HttpClient:
    """Opened and closed inside one event loop (dlt makes a new loop for every extract)."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._slots = asyncio.Semaphore(connection.concurrency)
        self._turn = asyncio.Lock()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        transport = AiohttpTransport(client=self._session)
        client = httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS, pool=None),
            headers={"User-Agent": _USER_AGENT, "Accept-Encoding": "gzip"},
            follow_redirects=False,
            trust_env=False,
        )
        self._http = await self._stack.enter_async_context(client)
        return self

    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self.connection.concurrency),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def get(
        self, path: str, params: Params = (), *, endpoint: str, read: Callable[[Any], T]
    ) -> T:
        """The answer of one GET, as `read` understands it.

        `read` gets the parsed JSON and raises BadBody when its shape is not an answer at all; that
        is retried like a broken body. Raises a ProviderError when no try succeeded.
        """
        policy, connection = self.connection.retry, self.connection
        try:
            async for attempt in stamina.retry_context(
                on=policy.delay(connection.clock.now()), attempts=ATTEMPTS, timeout=None
            ):
                with attempt:
                    connection.traffic.retries += attempt.num > 1
                    value = await self._once("GET", path, params, endpoint, attempt.num, read)
        except ProviderError as error:
            policy.gave_up(error)
            raise
        policy.succeeded()
        return value

    async def _once(
        self,
        method: str,
        path: str,
        params: Params,
        endpoint: str,
        attempt: int,
        read: Callable[[Any], T],
    ) -> T:
        async with self._slots:
            await self._wait_for_turn()
            self.connection.traffic.requests += 1
            self.connection.traffic.by_endpoint[endpoint] += 1
            try:
                async with asyncio.timeout(REQUEST_SECONDS):
                    response, body = await self._exchange(method, path, params)
                self._heed(response, body)
                return read(json_body.parse(body))
            except (httpx.HTTPError, TimeoutError, aiohttp.ClientError, OSError) as error:
                kind = type(error).__name__
                fault = ConnectionFault(f"{method} {endpoint}: {kind} {redact(str(error))}".strip())
                fault.attempt = attempt
                raise fault from None
            except ProviderError as error:
                raise self._told(error, f"{method} {endpoint}", attempt) from None

    async def _wait_for_turn(self) -> None:
        async with self._turn:  # one waiter at a time keeps the order of asking
            self.connection.traffic.waited_seconds += await self.connection.rate.acquire()

    async def _exchange(
        self, method: str, path: str, params: Params
    ) -> tuple[httpx.Response, bytes]:
        connection = self.connection
        request = self._http.build_request(
            method, connection.base_url + path, params=params, headers=connection.auth.headers()
        )
        response = await self._http.send(request, stream=True)
        try:
            return response, await _read_capped(response)
        finally:
            await response.aclose()

    def _heed(self, response: httpx.Response, body: bytes) -> None:
        """Take in what the headers say; raise what the status says."""
        headers, connection = response.headers, self.connection
        connection.clock.observe(headers.get("date"))
        limit, left = (
            _number(headers.get(f"x-ratelimit-{name}")) for name in ("limit", "remaining")
        )
        connection.rate.observe(limit, left)
        if response.status_code == 200:
            return
        error = self._error(response, body)
        if isinstance(error, RateLimited):
            connection.rate.pause(min(error.wait_seconds or 1.0, connection.retry.patience_seconds))
        raise error

    def _error(self, response: httpx.Response, body: bytes) -> ProviderError:
        status, said = response.status_code, _error_object(body)
        code, connection = str(said.get("code") or "").lower(), self.connection
        facts: dict[str, Any] = {
            "code": code or None,
            "status": status,
            "request_id": _request_id(response, said),
        }
        message = f"HTTP {status} {code} {str(said.get('message') or '')[:300]}".strip()
        now = connection.clock.now()
        wait = hint_seconds(response.headers.get("retry-after"), said.get("details"), now)
        if status == 429 and (not code or "rate" in code or "too_many" in code):
            return RateLimited(message, wait_seconds=wait, **facts)
        if status == 408 or status >= 500:
            return ServerFault(message, wait_seconds=wait, **facts)
        if status == 401:
            return CredentialsRefused(message, **facts)
        if status == 402 or (status == 403 and code not in connection.ours_alone_codes):
            return NotInPlan(message, **facts)
        if status == 404 and code in connection.no_data_codes:
            return NoDataYet(message, **facts)
        if status in (403, 404):
            return NotFound(message, **facts)
        if 200 <= status < 300:
            return BadBody(message, **facts)
        return Refused(message, **facts)

    def _told(self, error: ProviderError, where: str, attempt: int) -> ProviderError:
        """The error with its place in front, redacted; a rotated key gets its second chance."""
        error.message = redact(f"{where}: {error.message}")
        error.args = (error.message,)
        if isinstance(error, CredentialsRefused) and self.connection.auth.rotated():
            error = ServerFault(error.message, code="key_rotated", wait_seconds=0.0)
        if hasattr(error, "attempt"):
            error.attempt = attempt
        return error


async def _read_capped(response: httpx.Response) -> bytes:
    """The decoded body. Raises BadBody beyond 16 MiB on the wire or 64 MiB decoded."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_BODY_BYTES or response.num_bytes_downloaded > MAX_WIRE_BYTES:
            raise BadBody("the body is larger than 16 MiB on the wire or 64 MiB decoded")
    return bytes(body)


def _error_object(body: bytes) -> dict[str, Any]:
    try:
        value = json_body.parse(body)
    except ProviderError:
        return {}
    error = value.get("error") if isinstance(value, dict) else None
    if isinstance(error, str):
        return {"code": error}
    return error if isinstance(error, dict) else {}


def _request_id(response: httpx.Response, said: dict[str, Any]) -> str | None:
    for name in ("x-tokportal-request-id", "x-request-id", "request-id"):
        if value := response.headers.get(name):
            return str(value)[:128]
    value = said.get("request_id")
    return str(value)[:128] if value else None


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None

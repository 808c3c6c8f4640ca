"""One provider, one key: every request of this project leaves through `HttpClient`.

Bodies are read under caps and deadlines; each failure becomes one class of `errors`, already
redacted. The key goes to the configured address alone: redirects are off, and a URL found in data
is data.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from math import floor
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
import httpx
import stamina

from . import json_body, tally
from .answers import Codes, failure
from .auth import HeaderAuth
from .body import (
    ONE_AT_A_TIME,
    PAGE_CAPS,
    Caps,
    LargeAnswers,
    decoded,
    decoded_error,
    read_wire,
    too_costly,
)
from .budget import Budget, Wallet
from .clock import ProviderClock
from .egress import checked_base_url
from .errors import (
    BadBody,
    ConnectionFault,
    CredentialsRefused,
    ProviderError,
    RateLimited,
    Retriable,
    Skippable,
    TryLater,
)
from .headers import number
from .rate_limit import RateLimit
from .redaction import redact, shown
from .retry import ATTEMPTS, RetryPolicy
from .transport import Transport, aiohttp_transport, tls

T = TypeVar("T")
Params = Sequence[tuple[str, str]]
Parse = Callable[[bytes, int], Any]
"""Takes a body and the memory in bytes that its values may cost."""

_HEADERS = {"User-Agent": "social-warehouse/0.1", "Accept-Encoding": "gzip"}
# Bytes of memory for a row of a CSV, and for a cell by any delimiter.
_CSV_COSTS = ((b"\n", 500), (b",", 100), (b";", 100), (b"\t", 100))
_BROKEN = (httpx.HTTPError, httpx.StreamError, aiohttp.ClientError, OSError)

# stamina tells each retry to the logs; without a handler Python would print it among the progress.
logging.getLogger("stamina").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Timeouts:
    """Seconds to connect, between two pieces of an answer, and for one try in all."""

    connect: float = 10.0
    read: float = 30.0
    request: float = 120.0


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
    codes: Codes = field(default_factory=Codes)
    budget: Budget = field(default_factory=Budget)
    wallet: Wallet = field(default_factory=Wallet)
    timeouts: Timeouts = Timeouts()
    transport: Transport = aiohttp_transport

    def __post_init__(self) -> None:
        self.base_url = checked_base_url(self.base_url)
        tls()  # raises before anything is asked, and once


@dataclass(frozen=True)
class _Question:
    method: str
    path: str
    params: Params
    endpoint: str
    body: Any = None
    parse: Parse = json_body.parse
    accept: str | None = None  # set: the answer has to be text
    caps: Caps = PAGE_CAPS
    price: int = 0  # credits
    request_id: str | None = None


@dataclass
class _Bill:
    """What became of a request that was paid for: whether it left, and what the answer said."""

    sent: bool = False
    status: int | None = None
    balance: int | None = None

    def answered(self, response: httpx.Response) -> None:
        left = number(response.headers.get("x-credits-remaining"))
        self.status, self.balance = response.status_code, None if left is None else floor(left)


class HttpClient:
    """Opened and closed inside one event loop (dlt makes a new loop for every extract)."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._slots = asyncio.Semaphore(connection.concurrency)
        self._turn, self._opening = asyncio.Lock(), asyncio.Lock()
        self._large = LargeAnswers()

    async def __aenter__(self) -> Self:
        connection, times = self.connection, self.connection.timeouts
        self._http = httpx.AsyncClient(
            transport=connection.transport(connection.concurrency),
            timeout=httpx.Timeout(times.read, connect=times.connect, pool=None),
            headers=_HEADERS,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            follow_redirects=False,
            trust_env=False,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def get(
        self,
        path: str,
        params: Params = (),
        *,
        endpoint: str,
        read: Callable[[Any], T],
        price: int = 0,
        caps: Caps = PAGE_CAPS,
    ) -> T:
        """The answer of one GET, as `read` understands it. `price`: the credits of each try.

        `read` gets the parsed JSON and raises BadBody when its shape is not an answer at all; that
        is retried like a broken body. Raises a ProviderError when no try succeeded.
        """
        question = _Question("GET", path, params, endpoint, price=price, caps=caps)
        return await self._patiently(question, read)

    async def get_text(
        self,
        path: str,
        params: Params = (),
        *,
        endpoint: str,
        accept: str,
        read: Callable[[str], T],
    ) -> T:
        """The answer of one GET that is text, of the media type `accept`; retried like `get`."""
        question = _Question("GET", path, params, endpoint, parse=_text, accept=accept)
        return await self._patiently(question, read)

    async def _patiently(self, question: _Question, read: Callable[[Any], T]) -> T:
        policy, traffic = self.connection.retry, self.connection.traffic
        try:
            async for attempt in stamina.retry_context(
                on=policy.delay(self.connection.clock.now), attempts=ATTEMPTS, timeout=None
            ):
                with attempt:
                    if attempt.num > 1:
                        traffic.retries += 1
                    else:
                        tally.count()
                    value = await self._ask(question, read)
        except Retriable as error:
            policy.gave_up(error, question.endpoint)
            raise
        except Skippable:
            policy.answered()
            raise
        policy.answered()
        return value

    async def ask_time(self, path: str, *, endpoint: str) -> None:
        """Learn the provider's time from a request without the key: it is refused, and free.

        Nothing is raised when it fails: the next request will tell what is the matter.
        """
        question = _Question("GET", path, (), endpoint)
        with suppress(ProviderError, TimeoutError, *_BROKEN):
            async with self._slots, self._paid(question) as bill:
                await self._wait_for_turn(question)
                bill.sent = True
                async with asyncio.timeout(self.connection.timeouts.request):
                    response, _ = await self._exchange(question, {}, bill)
                self.connection.clock.observe(response.headers.get("date"))

    async def post(
        self,
        path: str,
        body: Any,
        *,
        endpoint: str,
        read: Callable[[Any], T],
        parse: Parse = json_body.parse,
        price: int = 0,
        request_id: str | None = None,
    ) -> T:
        """The answer of one POST. Never sent twice: what it costs may be spent, whatever came back.

        After a Retriable error the outcome is unknown and has to be looked up. `parse` makes of the
        body what `read` gets, where an answer is not JSON. `request_id` names the order to a
        provider that takes an order of one name once.
        """
        question = _Question(
            "POST", path, (), endpoint, body, parse, price=price, request_id=request_id
        )
        return await self._ask(question, read)

    async def _ask(self, question: _Question, read: Callable[[Any], T]) -> T:
        """One try; a second one only when the key was refused and there is another by now."""
        auth = self.connection.auth
        sent = auth.headers()
        try:
            return await self._once(question, sent, read)
        except CredentialsRefused:
            if not auth.rotated(sent):
                raise
        return await self._once(question, auth.headers(), read)

    async def _once(
        self, question: _Question, key: Mapping[str, str], read: Callable[[Any], T]
    ) -> T:
        place, times = f"{question.method} {question.endpoint}", self.connection.timeouts
        try:
            async with self._slots, self._paid(question) as bill:
                await self._wait_for_turn(question)
                bill.sent = True
                async with asyncio.timeout(times.request):
                    response, wire = await self._exchange(question, key, bill)
            self._heed(response, wire)
            _check_kind(response, question.accept)
            return _read(question, response, wire, read)
        except TimeoutError:
            late = f"{place}: no complete answer within {times.request:g} s"
            raise ConnectionFault(late) from None
        except _BROKEN as error:
            raise ConnectionFault(f"{place}: {_named(error)}") from None
        except TryLater:  # not about this request
            raise
        except ProviderError as error:
            raise _without_frames(error.at(place)) from None

    async def _wait_for_turn(self, question: _Question) -> None:
        connection = self.connection
        async with self._turn:  # one waiter at a time keeps the order of asking
            connection.retry.stop_if_ended()
            connection.traffic.waited_seconds += await connection.rate.acquire()
        connection.retry.stop_if_ended()
        connection.traffic.requests += 1
        connection.traffic.by_endpoint[question.endpoint] += 1

    @asynccontextmanager
    async def _paid(self, question: _Question) -> AsyncIterator[_Bill]:
        """Pay before asking; what comes back tells the balance and whether it was refunded."""
        connection, price, bill = self.connection, question.price, _Bill()
        wallet = connection.wallet
        # Until a balance is known, one request at a time: only then does the floor hold.
        async with self._opening if price and not wallet.opened else nullcontext():
            connection.budget.take(price)
            try:
                wallet.take(question.endpoint, price)
            except TryLater:
                connection.budget.give_back(price, requests=1)
                raise
            try:
                yield bill
            finally:
                if bill.sent:
                    refund = wallet.settle(question.endpoint, price, bill.status, bill.balance)
                    connection.budget.give_back(refund)
                else:
                    wallet.not_sent(question.endpoint, price)
                    connection.budget.give_back(price, requests=1)

    async def _exchange(
        self, question: _Question, key: Mapping[str, str], bill: _Bill
    ) -> tuple[httpx.Response, bytes]:
        request = self._http.build_request(
            question.method,
            self.connection.base_url + question.path,
            params=list(question.params),
            json=question.body,
            headers={**key, **_headers(question)},
        )
        response = await self._http.send(request, stream=True)
        bill.answered(response)
        try:
            return response, await read_wire(response, question.caps, self._large)
        finally:
            await response.aclose()

    def _heed(self, response: httpx.Response, wire: bytes) -> None:
        """Take in what the headers say; raise what the status says."""
        headers, connection = response.headers, self.connection
        connection.clock.observe(headers.get("date"))
        limit, left = (
            number(headers.get(f"x-ratelimit-{name}")) for name in ("limit", "remaining")
        )
        connection.rate.observe(limit, left)
        made = response.request.method == "POST" and response.is_success  # 201, 202
        if response.status_code == 200 or made:
            return
        body = decoded_error(wire, response.headers.get("content-encoding", ""))
        error = failure(response, body, connection.clock.now(), connection.codes)
        if isinstance(error, RateLimited) and not connection.retry.beyond_patience(error):
            connection.rate.pause(1.0 if error.wait_seconds is None else error.wait_seconds)
        raise error


def _read(
    question: _Question, response: httpx.Response, wire: bytes, read: Callable[[Any], T]
) -> T:
    with ONE_AT_A_TIME:
        encoding = response.headers.get("content-encoding", "")
        body = decoded(wire, encoding, question.caps.decoded)
        return read(question.parse(body, question.caps.parsed))


def _without_frames(error: ProviderError) -> ProviderError:
    """The error without its traceback and cause: their frames would keep the body in memory."""
    error.__context__ = None
    return error.with_traceback(None)


def _headers(question: _Question) -> dict[str, str]:
    named = {"Accept": question.accept, "X-Request-Id": question.request_id}
    return {name: value for name, value in named.items() if value}


def _check_kind(response: httpx.Response, accept: str | None) -> None:
    kind = response.headers.get("content-type", "").lower()
    if accept and (not kind.startswith("text/") or kind.startswith("text/html")):
        raise BadBody(f"{shown(kind, 60)!r} where {accept} was asked", code="not_text")


def _text(body: bytes, max_bytes: int) -> str:
    """Raises Refused where the rows and cells of a CSV would take more memory than `max_bytes`."""
    cost = len(body) + sum(body.count(sign) * each for sign, each in _CSV_COSTS)
    if cost > max_bytes:
        raise too_costly(max_bytes)
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadBody(f"the body is not UTF-8 ({error.reason})", code="not_text") from None


def _named(error: Exception) -> str:
    """The transport's own name for it: httpx's is the same for several."""
    cause = error.__cause__ or error
    return redact(f"{type(cause).__name__} {shown(str(cause))}".strip())

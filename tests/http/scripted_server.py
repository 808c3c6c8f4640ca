"""A real server on a real socket whose every byte a test decides, and one question asked of it."""

import asyncio
import gzip
import itertools
import json
import socket
import struct
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from sources.http.auth import HeaderAuth
from sources.http.client import Connection, HttpClient, Params, Timeouts
from sources.http.errors import ProviderError
from sources.http.rate_limit import RateLimit
from sources.http.retry import RetryPolicy
from sources.http.transport import Transport, aiohttp_transport

KEY = "sk_test_0123456789abcdef"
SHORT = Timeouts(connect=2.0, read=2.0, request=5.0)


@dataclass(frozen=True)
class Request:
    """What came in: the target is the raw one of the request line."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


T = TypeVar("T")
Writing = Callable[[asyncio.StreamWriter], Awaitable[None]]
Answer = bytes | Writing
Script = Callable[[Request], Answer]


def answer(
    body: Any = b"{}", status: int = 200, chunked: bool = False, **headers: str | None
) -> bytes:
    """A whole answer; anything but bytes becomes JSON. Header names have underscores here."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields: dict[str, str | None] = {
        "content_type": "application/json",
        "content_length": str(len(content)),
        **headers,
    }
    if chunked:
        fields |= {"content_length": None, "transfer_encoding": "chunked"}
        content = b"%x\r\n%s\r\n0\r\n\r\n" % (len(content), content)
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items() if value]
    head = "\r\n".join([f"HTTP/1.1 {status} Said", *lines, "", ""])
    return head.encode("latin-1") + content


def refusal(status: int, code: str = "SOME_CODE", message: str = "", **headers: str) -> bytes:
    """An error as TokPortal writes it."""
    return answer({"error": {"code": code, "message": message}}, status, **headers)


def packed(body: bytes) -> bytes:
    return answer(gzip.compress(body), content_encoding="gzip")


def then_close(start: bytes) -> Writing:
    """Send this much and close in an orderly way."""

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        await writer.drain()

    return write


def then_reset(start: bytes) -> Writing:
    """Send this much and reset the connection."""

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        await writer.drain()
        sock: socket.socket = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    return write


def then_hang(start: bytes) -> Writing:
    """Send this much and never the rest."""

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        await writer.drain()
        await asyncio.sleep(60)

    return write


def dripping(start: bytes, piece: bytes, every_seconds: float = 0.0) -> Writing:
    """Send this much, and then a piece again and again, without end."""

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(every_seconds)

    return write


class ScriptedServer:
    """Answers as the script says; `requests` is what it was asked, in order."""

    def __init__(self, script: Script, tls: Any = None) -> None:
        self._script, self._tls = script, tls
        self._open: set[asyncio.Task[None]] = set()
        self.requests: list[Request] = []
        self.connections = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self._tls)
        scheme = "https" if self._tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/api"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            while (request := await _read(reader)) is not None:
                self.requests.append(request)
                said = self._script(request)
                if not isinstance(said, bytes):
                    await said(writer)
                    return
                writer.write(said)
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            return
        finally:
            self._open.discard(task)
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.split("\r\n")[:-2]
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, target, headers, body)


def in_turn(answers: Sequence[Answer]) -> Script:
    """One answer after the other; the last one for ever."""
    turn = itertools.count()
    return lambda request: answers[min(next(turn), len(answers) - 1)]


@dataclass
class Asked:
    """What became of the questions: values or errors, and what the server saw."""

    results: list[Any]
    server: ScriptedServer
    connection: Connection

    @property
    def value(self) -> Any:
        """The only answer. Fails when it is an error."""
        (result,) = self.results
        if isinstance(result, Exception):
            raise result
        return result

    @property
    def error(self) -> ProviderError:
        """The only error. Fails when there was an answer."""
        (result,) = self.results
        assert isinstance(result, ProviderError), result
        return result

    @property
    def requests(self) -> int:
        return len(self.server.requests)


@dataclass
class Asker:
    """Asks questions over one transport; waits are short unless a test says otherwise."""

    folder: Path
    transport: Transport = aiohttp_transport

    def rate(self, per_minute: float) -> RateLimit:
        """A bucket that nobody else takes from."""
        return RateLimit(per_minute, key=uuid.uuid4().hex, folder=self.folder)

    def connect(self, url: str, **options: Any) -> Connection:
        policy = {"base_seconds": 0.001} | options.pop("retry", {})
        return Connection(
            provider="test",
            base_url=url,
            auth=options.pop("auth", None) or HeaderAuth("X-API-Key", KEY),
            rate=options.pop("rate", None) or self.rate(1e6),
            retry=RetryPolicy(**policy),
            **{"timeouts": SHORT, "transport": self.transport} | options,
        )

    def __call__(self, *answers: Answer, script: Script | None = None, **options: Any) -> Asked:
        """Ask once, or once per path in `paths` and all at a time when `together`."""
        return asyncio.run(self._ask(script or in_turn(answers), options))

    def error_at(self, url: str, **options: Any) -> ProviderError:
        """What asking there comes to, where no server of ours is."""
        connection = self.connect(url, **options)

        async def ask() -> Any:
            async with HttpClient(connection) as http:
                return await _caught(http.get("/thing", endpoint="/thing", read=lambda body: body))

        error = asyncio.run(ask())
        assert isinstance(error, ProviderError), error
        return error

    def with_client(self, script: Script, do: Callable[[HttpClient], Awaitable[T]]) -> T:
        """What `do` returns, given a client of a server with this script."""

        async def run() -> T:
            async with (
                ScriptedServer(script) as server,
                HttpClient(self.connect(server.url)) as http,
            ):
                return await do(http)

        return asyncio.run(run())

    async def _ask(self, script: Script, options: dict[str, Any]) -> Asked:
        paths: Sequence[str] = options.pop("paths", ["/thing"])
        params: Params = options.pop("params", ())
        together, pause = options.pop("together", False), options.pop("pause_seconds", 0.0)
        async with ScriptedServer(script, options.pop("tls", None)) as server:
            connection = self.connect(server.url, **options)
            connection.rate.pause(pause)
            async with HttpClient(connection) as http:

                async def ask(path: str) -> Any:
                    return await http.get(path, params, endpoint=path, read=lambda body: body)

                if together:
                    results = await asyncio.gather(*map(ask, paths), return_exceptions=True)
                else:
                    results = [await _caught(ask(path)) for path in paths]
        return Asked(results, server, connection)


async def _caught(asking: Awaitable[Any]) -> Any:
    try:
        return await asking
    except ProviderError as error:
        return error

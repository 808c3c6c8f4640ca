"""Sending an answer, whole or broken.

A reset or a cut needs the connection itself, which ASGI does not offer: it is taken from
uvicorn's request cycle, which owns the `send` that is passed in.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from sandbox.answers import Answer
from sandbox.faults.book import Fault

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

# Closing with a zero linger sends RST instead of FIN.
_NO_LINGER = struct.pack("ii", 1, 0)


async def deliver(
    receive: Receive, send: Send, answer: Answer, headers: Headers, faults: Iterable[Fault]
) -> None:
    """Send the answer as the delivery faults allow."""
    by_kind = {fault.kind: fault.options for fault in faults}
    if "slow" in by_kind:
        await asyncio.sleep(by_kind["slow"].get("seconds", 1.0))
    if "reset" in by_kind:
        await _reset(receive, send)
        return
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if "truncate" in by_kind:
        await _send_half(receive, send, answer.body)
    elif "drip" in by_kind:
        await _drip(send, answer.body, by_kind["drip"])
    else:
        await send({"type": "http.response.body", "body": answer.body})


async def _reset(receive: Receive, send: Send) -> None:
    transport = _transport(send)
    connection: socket.socket = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
    await _disconnected(receive)


async def _send_half(receive: Receive, send: Send, body: bytes) -> None:
    half = body[: len(body) // 2]
    await send({"type": "http.response.body", "body": half, "more_body": True})
    _transport(send).close()
    await _disconnected(receive)


async def _drip(send: Send, body: bytes, options: dict[str, Any]) -> None:
    size, pause = options.get("chunk", 64), options.get("interval", 0.05)
    for at in range(0, len(body), size):
        piece = body[at : at + size]
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.sleep(pause)
    await send({"type": "http.response.body", "body": b""})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _transport(send: Send) -> asyncio.Transport:
    transport: asyncio.Transport = send.__self__.transport  # type: ignore[attr-defined]
    return transport

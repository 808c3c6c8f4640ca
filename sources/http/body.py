"""A body from an untrusted server, under caps: nothing is unpacked that was not asked for.

A body is received in two steps. `read_wire` collects the bytes as they were sent. `decoded` unpacks
them, and its caller parses the result before it waits for anything: however many hostile answers
are under way, one of them at a time is unpacked in this process.
"""

from __future__ import annotations

import asyncio
import threading
import zlib
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx

from .errors import BadBody, Refused

MIB = 1024 * 1024
MAX_WIRE_BYTES = 16 * MIB
# Of an answer that is no success only its code and message are used.
MAX_ERROR_BYTES = 64 * 1024
_SMALL_BYTES = 1 * MIB
_LARGE_AT_ONCE = 2
_GZIP, _ZLIB, _RAW_DEFLATE, _GZIP_OR_ZLIB = 31, 15, -15, 47  # zlib's window bits
_PIECE = 16 * 1024
_MAX_MEMBERS = 10_000  # of one gzip body; each costs time, however short it is

ONE_AT_A_TIME = threading.Lock()
"""Held from `decoded` until the parsed value was read. Providers may run in several threads."""


@dataclass(frozen=True)
class Caps:
    """What one answer may cost: bytes decoded, and bytes of the values parsed from it."""

    decoded: int
    parsed: int

    @property
    def wire(self) -> int:
        return min(MAX_WIRE_BYTES, self.decoded)


PAGE_CAPS = Caps(decoded=8 * MIB, parsed=24 * MIB)
"""A page or one account: about 9,000 posts of 20 fields. Sixteen of them fit in 400 MiB."""

LISTING_CAPS = Caps(decoded=32 * MIB, parsed=128 * MIB)
"""A listing that the provider does not divide into pages: about 50,000 accounts. Asked once."""


class LargeAnswers(asyncio.Semaphore):
    """Slots of one client for answers above 1 MiB: the others wait, unread, in the network."""

    def __init__(self) -> None:
        super().__init__(_LARGE_AT_ONCE)


async def read_wire(response: httpx.Response, caps: Caps, large: LargeAnswers) -> bytes:
    """The body as it was sent. Of an error status: its first 64 KiB.

    Raises Refused beyond the cap, for the next try would bring the same.
    """
    cap = caps.wire if response.is_success else MAX_ERROR_BYTES
    wire = bytearray()
    async with AsyncExitStack() as slot:
        async for chunk in response.aiter_raw():
            if len(wire) <= _SMALL_BYTES < len(wire) + len(chunk):
                await slot.enter_async_context(large)
            wire += chunk
            if len(wire) > cap:
                if response.is_success:
                    raise _too_large(f"{cap // MIB} MiB on the wire")
                break
    return bytes(wire)


def decoded(wire: bytes, encoding: str, cap: int = PAGE_CAPS.decoded) -> bytes:
    """The body without its content coding: gzip (also of several members) or deflate.

    Raises Refused beyond `cap` bytes, BadBody for a body that is cut short, goes on after its end
    or has another coding.
    """
    coding = encoding.strip().lower()
    if coding in ("", "identity") or not wire:
        return wire
    try:
        if coding in ("gzip", "x-gzip"):
            return _gunzipped(wire, cap)
        if coding == "deflate":
            return _inflated(wire, cap)
    except zlib.error as error:
        raise BadBody(f"the body is not {coding}: {error}", code=f"not_{coding}") from None
    raise BadBody(f"the body is packed as {encoding[:40]!r}; gzip was asked", code="not_gzip")


def _gunzipped(wire: bytes, cap: int) -> bytes:
    """All members of a gzip body, one after the other (RFC 1952, 2.2)."""
    body, rest = bytearray(), memoryview(wire)
    for _ in range(_MAX_MEMBERS):
        rest = _unpack(rest, _GZIP, body, cap)
        if not rest:
            return bytes(body)
        if rest[0] == 0 and not any(rest):  # padding, as gzip itself takes it
            return bytes(body)
    raise _too_large(f"{_MAX_MEMBERS:,} gzip members")


def _inflated(wire: bytes, cap: int) -> bytes:
    """A deflate body: with zlib's header (RFC 9110), or without it as some servers send it."""
    body = bytearray()
    try:
        rest = _unpack(memoryview(wire), _ZLIB, body, cap)
    except zlib.error:
        body.clear()
        rest = _unpack(memoryview(wire), _RAW_DEFLATE, body, cap)
    if rest:
        raise BadBody("the body goes on after its end", code="not_deflate")
    return bytes(body)


def _unpack(wire: memoryview, window: int, body: bytearray, cap: int) -> memoryview:
    """Add one compressed stream to the body, piece by piece under the cap; returns what follows."""
    unpacker = zlib.decompressobj(window)
    while wire and not unpacker.eof:
        piece, wire = wire[:_PIECE], wire[_PIECE:]
        body += unpacker.decompress(piece, cap + 1 - len(body))
        if len(body) > cap:
            raise _too_large(f"{cap // MIB} MiB decoded")
        if left := len(unpacker.unused_data):
            wire = memoryview(wire.obj)[-len(wire) - left :]
    if not unpacker.eof:
        raise BadBody("the body is cut short", code="cut_short")
    return wire


def decoded_error(wire: bytes, encoding: str) -> bytes:
    """What can be read of the body of an error status: up to 64 KiB, nothing where it is broken."""
    if encoding.strip().lower() in ("", "identity"):
        return wire[:MAX_ERROR_BYTES]
    try:
        return zlib.decompressobj(_GZIP_OR_ZLIB).decompress(wire, MAX_ERROR_BYTES)
    except zlib.error:
        return b""


def too_costly(max_bytes: int) -> Refused:
    """The error for a body whose values would take more memory than `max_bytes`."""
    said = f"the body holds more values than fit into {max_bytes // MIB} MiB"
    return Refused(said, code="too_large")


def _too_large(cap: str) -> Refused:
    return Refused(f"the body is larger than {cap}", code="too_large")

"""A body from an untrusted server, under caps: nothing is unpacked that was not asked for."""

from __future__ import annotations

import zlib

import httpx

from .errors import BadBody, Refused

MAX_WIRE_BYTES = 16 * 1024 * 1024
MAX_BODY_BYTES = 64 * 1024 * 1024
_GZIP, _ZLIB, _RAW_DEFLATE = 31, 15, -15  # zlib's window bits
_PIECE = 16 * 1024
_MAX_MEMBERS = 10_000  # of one gzip body; each costs time, however short it is


async def read_body(response: httpx.Response) -> bytes:
    """The decoded body of a response that was opened as a stream.

    Raises Refused beyond 16 MiB on the wire or 64 MiB decoded (the next try would bring the same),
    BadBody when what came is cut short or has another coding.
    """
    wire = bytearray()
    async for chunk in response.aiter_raw():
        wire += chunk
        if len(wire) > MAX_WIRE_BYTES:
            raise _too_large("16 MiB on the wire")
    return decoded(bytes(wire), response.headers.get("content-encoding", ""))


def decoded(wire: bytes, encoding: str) -> bytes:
    """The body without its content coding: gzip (also of several members) or deflate.

    Raises Refused beyond 64 MiB, BadBody for a body that is cut short, goes on after its end or has
    another coding.
    """
    coding = encoding.strip().lower()
    if coding in ("", "identity") or not wire:
        return wire
    try:
        if coding in ("gzip", "x-gzip"):
            return _gunzipped(wire)
        if coding == "deflate":
            return _inflated(wire)
    except zlib.error as error:
        raise BadBody(f"the body is not {coding}: {error}", code=f"not_{coding}") from None
    raise BadBody(f"the body is packed as {encoding[:40]!r}; gzip was asked", code="not_gzip")


def _gunzipped(wire: bytes) -> bytes:
    """All members of a gzip body, one after the other (RFC 1952, 2.2)."""
    body, rest = bytearray(), memoryview(wire)
    for _ in range(_MAX_MEMBERS):
        rest = _unpack(rest, _GZIP, body)
        if not rest:
            return bytes(body)
        if rest[0] == 0 and not any(rest):  # padding, as gzip itself takes it
            return bytes(body)
    raise _too_large(f"{_MAX_MEMBERS:,} gzip members")


def _inflated(wire: bytes) -> bytes:
    """A deflate body: with zlib's header (RFC 9110), or without it as some servers send it."""
    body = bytearray()
    try:
        rest = _unpack(memoryview(wire), _ZLIB, body)
    except zlib.error:
        body.clear()
        rest = _unpack(memoryview(wire), _RAW_DEFLATE, body)
    if rest:
        raise BadBody("the body goes on after its end", code="not_deflate")
    return bytes(body)


def _unpack(wire: memoryview, window: int, body: bytearray) -> memoryview:
    """Add one compressed stream to the body, piece by piece under the cap; returns what follows."""
    unpacker = zlib.decompressobj(window)
    while wire and not unpacker.eof:
        piece, wire = wire[:_PIECE], wire[_PIECE:]
        body += unpacker.decompress(piece, MAX_BODY_BYTES + 1 - len(body))
        if len(body) > MAX_BODY_BYTES:
            raise _too_large("64 MiB decoded")
        if left := len(unpacker.unused_data):
            wire = memoryview(wire.obj)[-len(wire) - left :]
    if not unpacker.eof:
        raise BadBody("the body is cut short", code="cut_short")
    return wire


def _too_large(cap: str) -> Refused:
    return Refused(f"the body is larger than {cap}", code="too_large")

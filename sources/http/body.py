"""A body from an untrusted server, under caps: nothing is unpacked that was not asked for."""

from __future__ import annotations

import zlib

import httpx

from .errors import BadBody, Refused

MAX_WIRE_BYTES = 16 * 1024 * 1024
MAX_BODY_BYTES = 64 * 1024 * 1024
_GZIP = 31  # zlib's window bits for gzip with its header


async def read_body(response: httpx.Response) -> bytes:
    """The decoded body of a response that was opened as a stream.

    Raises Refused beyond 16 MiB on the wire or 64 MiB decoded (the next try would bring the same),
    BadBody when what came is cut short or packed otherwise than asked.
    """
    wire = bytearray()
    async for chunk in response.aiter_raw():
        wire += chunk
        if len(wire) > MAX_WIRE_BYTES:
            raise _too_large("16 MiB on the wire")
    return decoded(bytes(wire), response.headers.get("content-encoding", ""))


def decoded(wire: bytes, encoding: str) -> bytes:
    """Unpacked in one step, under the cap: of sixteen bombs at once, one is in memory."""
    if encoding.strip().lower() in ("", "identity") or not wire:
        return wire
    if encoding.strip().lower() != "gzip":
        raise BadBody(f"the body is packed as {encoding[:40]!r}; gzip was asked", code="not_gzip")
    unpacker = zlib.decompressobj(_GZIP)
    try:
        body = unpacker.decompress(wire, MAX_BODY_BYTES + 1)
    except zlib.error as error:
        raise BadBody(f"the body is not gzip: {error}", code="not_gzip") from None
    if len(body) > MAX_BODY_BYTES:
        raise _too_large("64 MiB decoded")
    if not unpacker.eof:
        raise BadBody("the body is cut short", code="cut_short")
    return body


def _too_large(cap: str) -> Refused:
    return Refused(f"the body is larger than {cap}", code="too_large")

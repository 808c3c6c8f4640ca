"""Asks 16 hostile answers at once in a process of its own and prints its peak memory in MiB.

    python hostile_answers.py FAMILY

The answers come from a scripted server in the same process, already packed, so that their bytes
are shared. Every value that is returned is kept until the end, as an extraction would keep it.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import resource
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from scripted_server import Answer, Asker, Request, ScriptedServer, answer, dripping

from sources.http.body import PAGE_CAPS
from sources.http.client import HttpClient, Timeouts
from sources.http.errors import ProviderError

AT_ONCE = 16
MIB = 1024 * 1024
BIG = 33 * MIB


def packed(pieces: Iterator[bytes]) -> bytes:
    """An answer with the packed pieces as its body."""
    packer = zlib.compressobj(level=9, wbits=31)
    body = b"".join([*map(packer.compress, pieces), packer.flush()])
    return answer(body, content_encoding="gzip")


def repeated(start: bytes, piece: bytes, end: bytes, size: int) -> bytes:
    """`start`, then `piece` with commas between up to about `size` bytes, then `end`."""

    def pieces() -> Iterator[bytes]:
        yield start + piece
        block = (b"," + piece) * (MIB // (len(piece) + 1))
        yield from (block for _ in range(size // len(block)))
        left = size % len(block) // (len(piece) + 1)
        yield (b"," + piece) * left + end

    return packed(pieces())


def filling(piece: bytes) -> Callable[[], bytes]:
    """The largest array of the piece that the caps let through."""
    costs = {b"[": 40, b"{": 130, b",": 80, b'":': 24}
    each = 80 + len(piece) + 1 + sum(piece.count(sign) * cost for sign, cost in costs.items())
    count = min(PAGE_CAPS.parsed // each, PAGE_CAPS.decoded // (len(piece) + 1)) - 2
    return lambda: repeated(b"[", piece, b"]", count * (len(piece) + 1))


def rows(count: int) -> bytes:
    return packed(iter([b"a,b\n", b"1,2\n" * count]))


EMOJI = "\U0001f600".encode()
FAMILIES: dict[str, Callable[[], Answer]] = {
    "empty arrays": lambda: repeated(b"[", b"[]", b"]", BIG),
    "empty objects": lambda: repeated(b'{"data":[', b"{}", b"]}", BIG),
    "tiny texts": lambda: repeated(b"[", b'"aa"', b"]", BIG),
    "numbers": lambda: repeated(b"[", b"1e9", b"]", BIG),
    "one long number": lambda: packed(iter([b"[", *([b"1" * MIB] * (BIG // MIB)), b"]"])),
    "long numbers": lambda: repeated(b"[", b"9" * 4000, b"]", BIG),
    "one long text": lambda: packed(iter([b'"', EMOJI, *([b"a" * MIB] * (BIG // MIB)), b'"'])),
    "keys": lambda: packed(
        iter([b'{"a":1', *(b',"%x":%d' % (n, n) for n in range(800_000)), b"}"])
    ),
    "nested": lambda: packed(iter([b"[" * MIB] * (BIG // MIB))),
    "gzip of gzip": lambda: answer(
        gzip.compress(gzip.compress(b"[" * BIG)), content_encoding="gzip"
    ),
    "broken JSON": lambda: packed(iter([b'"', EMOJI, *([b"a" * MIB] * 7), b'\\q"'])),
    "lines of CSV": lambda: rows(8_000_000),
    # What the caps just let through costs most.
    "just within: arrays": filling(b"[]"),
    "just within: objects": filling(b'{"a":1}'),
    "just within: wide objects": filling(
        json.dumps({f"k{n}": n for n in range(11)}, separators=(",", ":")).encode()
    ),
    "just within: texts": filling(b'"aa"'),
    "just within: emoji": filling(b'"' + EMOJI + b"a" * 90 + b'"'),
    "just within: escaped emoji": filling(b'"\\ud83d\\ude00' + b"a" * 90 + b'"'),
    "just within: NaN": filling(b'{"a":NaN}'),
    # Not packed at all.
    "16 MiB as it is": lambda: answer(b'"' + b"a" * (16 * MIB) + b'"'),
    "an error of 16 MiB": lambda: answer(b'"' + b"a" * (16 * MIB) + b'"', 500),
    "headers": lambda: dripping(b"HTTP/1.1 200 OK\r\n", b"x-filler: %s\r\n" % (b"a" * 4000)),
    "chunks of one byte": lambda: dripping(
        answer(b"", chunked=True).partition(b"\r\n\r\n")[0] + b"\r\n\r\n", b"1\r\n \r\n" * 10_000
    ),
}


async def ask_at_once(hostile: Answer, *, as_text: bool) -> list[object]:
    def script(request: Request) -> Answer:
        return hostile

    async with ScriptedServer(script) as server:
        asker = Asker(Path(tempfile.mkdtemp()))
        connection = asker.connect(
            server.url, retry={"budget": 0}, timeouts=Timeouts(5, 30, 20), concurrency=AT_ONCE
        )
        async with HttpClient(connection) as http:

            async def ask() -> object:
                if as_text:
                    return await http.get_text(
                        "/x", endpoint="/x", accept="text/csv", read=lambda text: text
                    )
                return await http.get("/x", endpoint="/x", read=lambda body: body)

            return await asyncio.gather(*(ask() for _ in range(AT_ONCE)), return_exceptions=True)


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(family: str) -> None:
    hostile = FAMILIES[family]()
    as_text = family == "lines of CSV"
    if as_text and isinstance(hostile, bytes):
        hostile = hostile.replace(b"application/json", b"text/csv")
    before = peak()
    results = asyncio.run(ask_at_once(hostile, as_text=as_text))
    said = {
        result.code if isinstance(result, ProviderError) else type(result).__name__
        for result in results
    }
    print(json.dumps({"family": family, "before": before, "peak": peak(), "said": sorted(said)}))


if __name__ == "__main__":
    main(sys.argv[1])

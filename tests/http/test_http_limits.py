"""Caps and deadlines: what a hostile or broken server can cost us at most."""

import asyncio
import gzip
import os
import socket
import time
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest
from scripted_server import (
    Answer,
    Asker,
    Request,
    answer,
    dripping,
    packed,
    then_hang,
)

from sources.http.body import LISTING_CAPS, PAGE_CAPS, Caps, decoded
from sources.http.budget import Budget, BudgetSpent
from sources.http.client import Timeouts
from sources.http.errors import BadBody, ConnectionFault, Refused

MIB = 1024 * 1024
CHUNKED = answer(b"", chunked=True).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
ONCE = {"retry": {"budget": 0}}


def bomb(mebibytes: int) -> bytes:
    """A JSON string of this many MiB, packed a thousandfold."""
    packer = zlib.compressobj(level=9, wbits=31)
    parts = [packer.compress(b'"'), *(packer.compress(b"0" * MIB) for _ in range(mebibytes))]
    return b"".join([*parts, packer.compress(b'"'), packer.flush()])


def test_gzip_is_asked_and_unpacked(ask: Asker) -> None:
    """gzip alone: nothing else has to be unpacked."""
    asked = ask(packed(b'{"a": "' + b"x" * 5000 + b'"}'))

    assert asked.value == {"a": "x" * 5000}
    assert asked.server.requests[0].headers["accept-encoding"] == "gzip"


def test_gzip_bomb_is_defused(ask: Asker) -> None:
    """256 MiB in 260 kB: given up at 8, without having held more, and not fetched again."""
    packed_bomb = answer(bomb(256), content_encoding="gzip")
    tracemalloc.start()
    try:
        asked = ask(packed_bomb)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert asked.error.code == "too_large"
    assert asked.requests == 1
    assert peak < 24 * MIB


def test_bomb_in_a_bomb_stays_packed(ask: Asker) -> None:
    """Only what was asked is unpacked, and only once."""
    asked = ask(answer(gzip.compress(bomb(1)), content_encoding="gzip, gzip"), **ONCE)

    assert asked.error.code == "not_gzip"


TEXT = b"[" + b"1," * 50_000 + b"1]"
# Without the time of day: each worker must collect the same cases.
HALVES = b"".join(gzip.compress(part, mtime=0) for part in (TEXT[:70], b"", TEXT[70:]))
RAW = zlib.compressobj(wbits=-15)


@pytest.mark.parametrize(
    ("coding", "wire"),
    [
        ("gzip", HALVES),
        ("x-gzip", HALVES + bytes(512)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", RAW.compress(TEXT) + RAW.flush()),
    ],
)
def test_every_member_of_a_packed_body_is_read(ask: Asker, coding: str, wire: bytes) -> None:
    """RFC 1952: a gzip body may be several members, and padded; deflate comes in two forms."""
    asked = ask(answer(wire, content_encoding=coding), **ONCE)

    assert asked.value == [1] * 50_001


@pytest.mark.parametrize(
    ("coding", "wire", "code"),
    [
        ("gzip", HALVES[:-1], "cut_short"),
        ("gzip", HALVES[: len(gzip.compress(TEXT[:70], mtime=0)) + 4], "cut_short"),
        ("gzip", HALVES + b"garbage", "not_gzip"),
        ("gzip", HALVES + b"\0\0garbage", "not_gzip"),
        ("deflate", zlib.compress(TEXT)[:-1], "cut_short"),
        ("deflate", zlib.compress(TEXT) + b"garbage", "not_deflate"),
        ("br", TEXT, "not_gzip"),
    ],
)
def test_a_packed_body_is_never_cut_silently(coding: str, wire: bytes, code: str) -> None:
    with pytest.raises(BadBody) as caught:
        decoded(wire, coding)

    assert caught.value.code == code


def test_a_million_empty_members_are_given_up_quickly() -> None:
    started = time.process_time()
    with pytest.raises(Refused, match="gzip members"):
        decoded(gzip.compress(b"") * 800_000, "gzip")

    assert time.process_time() - started < 2


@pytest.mark.parametrize("caps", [PAGE_CAPS, LISTING_CAPS], ids=["page", "listing"])
def test_body_of_the_largest_size_is_read(caps: Caps) -> None:
    """What fills the cap is read, one byte more is not."""
    cap = caps.decoded

    assert len(decoded(gzip.compress(b" " * cap, 1), "gzip", cap)) == cap
    with pytest.raises(Refused, match=f"{cap // MIB} MiB decoded"):
        decoded(gzip.compress(b" " * (cap + 1), 1), "gzip", cap)


@pytest.mark.parametrize(
    "endless",
    [
        dripping(answer(b"", content_length=str(10**9)), b" " * 65_536),
        dripping(CHUNKED, b"10000\r\n" + b" " * 65_536 + b"\r\n"),
        dripping(answer(b"", content_length=None), b" " * 65_536),
    ],
    ids=["a Content-Length of 1 GB", "chunks without end", "until it closes"],
)
def test_body_beyond_the_wire_cap_is_given_up(ask: Asker, endless: Answer) -> None:
    """After 8 MiB, and not asked again: it would bring the same."""
    asked = ask(endless)

    assert type(asked.error) is Refused
    assert asked.error.code == "too_large"
    assert asked.requests == 1


def test_body_just_within_the_wire_cap_is_read(ask_fast: Asker) -> None:
    """The cap is the cap, not a little less."""
    noise = b'"' + os.urandom(PAGE_CAPS.wire // 2 - 1).hex().encode() + b'"'

    assert len(ask_fast(answer(noise)).value) == PAGE_CAPS.wire - 2


@pytest.mark.parametrize(
    "slow",
    [
        then_hang(b""),
        then_hang(b"HTTP/1.1 200 OK\r\n"),
        then_hang(answer(b"{}", content_length="100")),
        then_hang(CHUNKED + b"5\r\n"),
    ],
    ids=["before the answer", "in the headers", "in the body", "in a chunk"],
)
def test_silence_ends_at_the_read_timeout(ask: Asker, slow: Answer) -> None:
    """A server that says nothing more is not waited for."""
    started = time.monotonic()

    asked = ask(slow, timeouts=Timeouts(5, 0.2, 5), **ONCE)

    assert type(asked.error) is ConnectionFault
    assert 0.2 <= time.monotonic() - started < 1.5


@pytest.mark.parametrize(
    "drip",
    [
        dripping(b"HTTP/1.1 200 OK\r\n", b"x-a: b\r\n", 0.05),
        dripping(answer(b"{", content_length="1000"), b" ", 0.05),
        dripping(CHUNKED, b"1\r\n \r\n", 0.05),
    ],
    ids=["headers", "body", "chunks"],
)
def test_dripping_server_ends_at_the_deadline(ask: Asker, drip: Answer) -> None:
    """One byte now and then never meets the read timeout; the deadline of the request does."""
    started = time.monotonic()

    asked = ask(drip, timeouts=Timeouts(5, 5, 0.4), **ONCE)

    assert type(asked.error) is ConnectionFault
    assert "no complete answer within 0.4 s" in asked.error.message
    assert 0.4 <= time.monotonic() - started < 1.5


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port whose queue is full: a connection to it never comes about."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        callers = [socket.socket() for _ in range(4)]
        for caller in callers:
            caller.setblocking(False)
            caller.connect_ex(listener.getsockname())
        time.sleep(0.05)
        yield listener.getsockname()[1]
        for caller in callers:
            caller.close()


def test_connection_that_never_comes_about_ends_at_the_connect_timeout(
    ask: Asker, deaf_port: int
) -> None:
    """Well before the deadline of the whole request."""
    started = time.monotonic()

    error = ask.error_at(f"http://127.0.0.1:{deaf_port}", timeouts=Timeouts(0.3, 5, 5), **ONCE)

    assert type(error) is ConnectionFault
    assert 0.3 <= time.monotonic() - started < 1.5


def test_nobody_listening_is_a_connection_fault(ask: Asker) -> None:
    """Refused at once, asked five times, named by the transport's own word."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        error = ask.error_at(f"http://127.0.0.1:{closed.getsockname()[1]}")

    assert type(error) is ConnectionFault
    assert "Connect" in error.message


def test_waiting_for_a_turn_is_no_part_of_the_deadline(ask_fast: Asker) -> None:
    """The rate limit may hold a request back for longer than an answer may take."""
    asked = ask_fast(answer({}), timeouts=Timeouts(5, 5, 0.3), pause_seconds=0.5)

    assert asked.value == {}
    assert asked.connection.traffic.waited_seconds >= 0.4


def test_no_more_requests_at_once_than_allowed(ask: Asker) -> None:
    """`concurrency` is what the provider sees."""
    peak = Peak()

    asked = ask(script=peak, paths=["/a"] * 20, together=True, concurrency=3)

    assert asked.results == [{}] * 20
    assert peak.most == 3


class Peak:
    """Counts how many requests are under way at once."""

    def __init__(self) -> None:
        self.now = self.most = 0

    def __call__(self, request: Request) -> Answer:
        self.now += 1
        self.most = max(self.most, self.now)
        return self._answer

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.02)
        self.now -= 1
        writer.write(answer({}, Connection="close"))


def test_a_budget_of_requests_is_spent_to_the_last_and_not_crossed() -> None:
    """The request that would cross it is refused, and counts for nothing."""
    budget = Budget(max_requests=2)
    for _ in range(2):
        budget.take(0)

    with pytest.raises(BudgetSpent):
        budget.take(0)
    assert budget.requests == 2

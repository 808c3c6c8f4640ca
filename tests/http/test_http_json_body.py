"""Strict JSON: every digit kept, nothing doubtful taken silently."""

import json
import math
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scripted_server import Asker, answer

from sources.http.errors import BadBody, Refused
from sources.http.json_body import MAX_DEPTH, parse

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
JSON = st.recursive(
    PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=30
)


@given(JSON)
@example({'a":': 1, "b": '":'})
@example({"x": [12345678901234567890, -9223372036854775809, 1e400]})
@example({"ids": "73746255741871308951234", "n": "-9999999999999999999"})
def test_what_was_written_is_read(value: Any) -> None:
    """Any JSON value comes back equal, in any spacing."""
    for separators in ((",", ":"), (", ", ": "), (" ,\n", "\t: ")):
        body = json.dumps(value, separators=separators).encode()
        assert parse(body) == value
        assert parse(json.dumps(value, ensure_ascii=False).encode(errors="surrogatepass")) == value


@pytest.mark.parametrize(
    "digits",
    [
        "9007199254740993",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551615",
        "18446744073709551616",
        "123456789012345678901234567890",
        "-123456789012345678901234567890",
        "1" + "0" * 400,
    ],
)
@pytest.mark.parametrize("around", ["[%s]", '{"a":%s}', '{"a" :\n %s }', "%s", "[1,%s]"])
def test_no_digit_of_an_integer_is_lost(digits: str, around: str) -> None:
    """Wherever it stands and however long it is."""
    value = parse((around % digits).encode())

    found = (
        value
        if isinstance(value, int)
        else (list(value.values()) if isinstance(value, dict) else value)[-1]
    )
    assert type(found) is int
    assert found == int(digits)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":2}',
        b'{"a":1, "a" :2}',
        b'{"a" :1,"b":2,"b":3}',
        b'{"t":"\\":","a":1,"a":2}',
        b'[{"x":{"a":1,"a":null}}]',
        b'{"a":1,"a":true}',
        b'{"a":1,"a":1.0}',
        b'{"a":1,"\\u0061":2}',
        b'{"n":123456789012345678901,"a":1,"a":2}',
    ],
)
def test_key_with_two_values_is_no_answer(body: bytes) -> None:
    """Which of them was meant, nobody knows."""
    with pytest.raises(BadBody) as caught:
        parse(body)

    assert caught.value.code == "repeated_key"


def test_key_repeated_with_the_same_value_is_harmless() -> None:
    """Nothing is lost by taking it once."""
    assert parse(b'{"a":[1],"a":[1]}') == {"a": [1]}


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_number_that_is_none_stays_visible(word: str) -> None:
    """As a float that no typed column accepts: its row is rejected, the page lands."""
    (value,) = parse(f"[{word}]".encode())

    assert not math.isfinite(value)


def test_lone_surrogate_stays_visible() -> None:
    """In texts and in keys; a pair is a character."""
    assert parse(rb'{"\ud800": "a\udfff", "b": "\ud83d\ude00"}') == {"\ud800": "a\udfff", "b": "😀"}


@pytest.mark.parametrize("body", [b"\xef\xbb\xbf[1]", b"  [1]\r\n", b"[1]"])
def test_bom_and_spaces_around_are_no_matter(ask: Asker, body: bytes) -> None:
    """Some servers write them."""
    assert ask(answer(body, content_type="text/plain; charset=iso-8859-1")).value == [1]


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b" ", b"{", b"[1,]", b"{'a':1}", b"[1] [2]", b"[01]", b"\x00", b"[1]\x00"),
        *(b'["\x01"]', b'["caf\xe9"]', b'["\xed\xa0\x80"]', "[1]".encode("utf-16")),
        *(b"<html></html>", b"9" * 5000),
    ],
)
def test_anything_else_is_no_answer(body: bytes) -> None:
    """One well-formed JSON text in UTF-8, or nothing."""
    with pytest.raises(BadBody) as caught:
        parse(body)

    assert caught.value.code == "not_json"


def nested(depth: int, core: bytes = b"") -> bytes:
    return (
        b'{"a":' * (depth // 2)
        + b"[" * (depth - depth // 2)
        + core
        + b"]" * (depth - depth // 2)
        + b"}" * (depth // 2)
    )


@pytest.mark.parametrize("core", [b"", b"NaN"], ids=["fast", "exact"])
def test_nesting_is_capped(core: bytes) -> None:
    """64 levels are read, 65 are not, a million cost nothing."""
    assert parse(nested(MAX_DEPTH, core))
    for depth in (MAX_DEPTH + 1, 500, 1_000_000):
        with pytest.raises(Refused) as caught:
            parse(nested(depth, core))
        assert caught.value.code == "too_deep"


POST = {
    "tracked_post_id": "f372a72a-b29c-488c-a3fc-f8186c00c36a",
    "platform_post_id": "7374625574187130895",
    "url": "https://www.tiktok.com/@someone/video/7374625574187130895",
    "caption": "ça marche vraiment ? #tag: @you " * 3,
    "video_id": None,
    "captured_at": "2026-05-28T07:30:33Z",
    "latest": {"views": 4513, "likes": 309, "comments": 0, "engagement_rate": 7.18},
}


def test_parsing_is_cheap() -> None:
    """10,000 bodies of 6 kB in a second at most: this is on the way of every answer."""
    body = json.dumps({"data": [POST] * 14}, ensure_ascii=False, separators=(",", ":")).encode()
    rounds = []
    for _ in range(9):
        started = time.process_time()
        for _ in range(100):
            parse(body)
        rounds.append((time.process_time() - started) / 100)

    assert 5_500 < len(body) < 6_500
    assert min(rounds) < 100e-6

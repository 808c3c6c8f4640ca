"""Strict JSON from an untrusted body, without losing a digit or a row.

orjson reads what is plain. What it cannot read, or would read with loss (integers beyond 64 bits,
NaN, lone surrogates, repeated keys), goes through the slower standard parser, which keeps it
visible: NaN stays a float that no typed column accepts, so its row is rejected and the page lands.

A value takes up to forty times the memory of its text (`[]` is 2 bytes and becomes 80). So what
parsing would cost is bounded from the text before anything is parsed.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import orjson

from .body import PAGE_CAPS, too_costly
from .errors import BadBody, Refused
from .redaction import shown

MAX_DEPTH = 64
_DIGITS_AS_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)
_WHITESPACE = b" \t\r\n"
_BEYOND_64_BITS = (b"0" * 20, b"-" + b"0" * 19)  # as digits: orjson makes these floats
# Bytes of memory that each of these stands for, measured in CPython 3.11: a container of its own,
# and a value with its place in the container around it. Texts cost their bytes besides.
_COSTS = ((b"[", 40), (b"{", 130), (b",", 80), (b'":', 24))
_HIGHEST_COST = 71  # of a byte: `{},` costs 213
_OPENED_TOO_DEEP = re.compile(rb"(?:[\[{][^\[{\]}]*){%d}" % (MAX_DEPTH + 1))


def parse(body: bytes, max_bytes: int = PAGE_CAPS.parsed) -> Any:
    """The value of the body. `max_bytes`: of memory that the value may take.

    Raises BadBody for anything that is not one well-formed JSON text, Refused beyond `max_bytes` or
    64 levels.
    """
    outline = body.translate(_DIGITS_AS_ZEROS, _WHITESPACE)
    if len(body) * _HIGHEST_COST <= max_bytes:
        return _value(body, outline)
    cost = len(body) + sum(outline.count(sign) * each for sign, each in _COSTS)
    if cost > max_bytes:
        raise _too_deep() if _OPENED_TOO_DEEP.search(outline) else too_costly(max_bytes)
    value = _value(body, outline)
    # A text with one emoji takes four bytes for each of its characters.
    if cost + 3 * len(body) > max_bytes and cost + _wide_bytes(value) > max_bytes:
        raise too_costly(max_bytes)
    return value


def _value(body: bytes, outline: bytes) -> Any:
    if any(digits in outline for digits in _BEYOND_64_BITS):
        return _exact(body)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _exact(body)
    # Every key is followed by a colon; a colon inside a text only makes the count larger.
    if _keys(value) != outline.count(b'":'):
        return _exact(body)
    return value


def _exact(body: bytes) -> Any:
    try:
        value = json.loads(body.decode("utf-8-sig"), object_pairs_hook=_unique)
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        start = shown(body[:60].decode(errors="replace"))
        raise BadBody(
            f"the body is not JSON ({error}); {len(body)} bytes: {start!r}", code="not_json"
        ) from None
    _keys(value)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) != len(pairs) and any(not _same(row[key], value) for key, value in pairs):
        raise BadBody("a JSON object repeats a key with another value", code="repeated_key")
    return row


def _same(left: Any, right: Any) -> bool:
    return type(left) is type(right) and bool(left == right)


def _keys(value: Any) -> int:
    """How many object keys there are, level by level. Raises Refused when nested too deep."""
    keys, level = 0, [value] if type(value) in (dict, list) else []
    for _ in range(MAX_DEPTH):
        if not level:
            return keys
        keys += sum(len(node) for node in level if type(node) is dict)
        level = [
            inner
            for node in level
            for inner in (node.values() if type(node) is dict else node)
            if type(inner) is dict or type(inner) is list
        ]
    if level:
        raise _too_deep()
    return keys


def _wide_bytes(value: Any) -> int:
    """Bytes of the texts that are not ASCII, keys among them."""
    return sum(sys.getsizeof(text) for text in _texts(value) if not text.isascii())


def _texts(value: Any) -> Iterator[str]:
    open_nodes = [value]
    while open_nodes:
        node = open_nodes.pop()
        if type(node) is str:
            yield node
        elif type(node) is list:
            open_nodes.extend(node)
        elif type(node) is dict:
            yield from node
            open_nodes.extend(node.values())


def _too_deep() -> Refused:
    return Refused(f"JSON nested deeper than {MAX_DEPTH}", code="too_deep")

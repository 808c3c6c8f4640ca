"""Strict JSON from an untrusted body, without losing a digit or a row.

orjson reads what is plain. What it cannot read, or would read with loss (integers beyond 64 bits,
NaN, lone surrogates, repeated keys), goes through the slower standard parser, which keeps it
visible: NaN stays a float that no typed column accepts, so its row is rejected and the page lands.
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from .errors import BadBody

MAX_DEPTH = 64
_LONG_INTEGER = re.compile(rb"[:,\[]\s*-?[0-9]{19}")
_NOT_JSON = re.compile(rb"\s*<")


def parse(body: bytes) -> Any:
    """The value of the body. Raises BadBody for anything that is not one well-formed JSON text."""
    try:
        value = _exact(body) if _LONG_INTEGER.search(body) else orjson.loads(body)
    except (orjson.JSONDecodeError, UnicodeDecodeError):
        value = _exact(body)
    depth, keys = _measure(value)
    if depth > MAX_DEPTH:
        raise BadBody(f"JSON nested deeper than {MAX_DEPTH}", code="too_deep")
    if body.count(b'":') != keys:
        # A colon inside a text also counts; only the slow parser can tell it from a repeated key.
        value = _exact(body)
    return value


def _exact(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8-sig"), object_pairs_hook=_unique)
    except RecursionError:
        raise BadBody(f"JSON nested deeper than {MAX_DEPTH}", code="too_deep") from None
    except ValueError as error:
        start = "HTML" if _NOT_JSON.match(body) else f"{len(body)} bytes"
        raise BadBody(f"the body is not JSON ({start}): {error}", code="not_json") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) != len(pairs) and any(not _same(row[key], value) for key, value in pairs):
        raise BadBody("a JSON object repeats a key with another value", code="repeated_key")
    return row


def _same(left: Any, right: Any) -> bool:
    return type(left) is type(right) and left == right


def _measure(value: Any) -> tuple[int, int]:
    """Depth of nesting, and number of object keys, without recursion."""
    depth, keys, level = 0, 0, [value]
    while level:
        inner: list[Any] = []
        for node in level:
            if type(node) is dict:
                keys += len(node)
                inner.extend(v for v in node.values() if type(v) is dict or type(v) is list)
            elif type(node) is list:
                inner.extend(v for v in node if type(v) is dict or type(v) is list)
        if not inner and type(value) not in (dict, list):
            break
        depth += 1
        level = inner
    return depth, keys

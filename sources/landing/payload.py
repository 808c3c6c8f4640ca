"""The provider's JSON as text that both databases can hold and read.

NUL and lone surrogates are legal in JSON and impossible in a database text. They are kept as the
six characters that escape them (`\\u0000`), so the payload stays readable and nothing is lost.
Fields that hold credentials are dropped before anything is stored.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import orjson

FORBIDDEN_FIELDS = frozenset({"password", "social_credentials", "signing_secret"})
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_FORBIDDEN_KEYS = tuple(f'"{name}":'.encode() for name in FORBIDDEN_FIELDS)


def dump(value: Any) -> str:
    """The JSON text of a value, storable and without credentials."""
    try:
        text = orjson.dumps(value)
    except TypeError:  # lone surrogates, integers beyond 64 bits
        return _dump_slowly(value)
    # orjson writes NaN as null: only the slow way keeps it visible.
    if b"\\u0000" in text or _names_credentials(text) or (b"null" in text and _holds_nan(value)):
        return _dump_slowly(value)
    return text.decode()


def storable(text: str) -> str:
    """Text with each NUL and lone surrogate replaced by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text) if _UNSTORABLE.search(text) else text


def _names_credentials(text: bytes) -> bool:
    lowered = text.lower()
    return any(key in lowered for key in _FORBIDDEN_KEYS)


def _dump_slowly(value: Any) -> str:
    return json.dumps(_cleaned(value), ensure_ascii=False, separators=(",", ":"))


def _cleaned(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            _escaped(key): _cleaned(inner)
            for key, inner in value.items()
            if key.lower() not in FORBIDDEN_FIELDS
        }
    if isinstance(value, list):
        return [_cleaned(inner) for inner in value]
    if isinstance(value, str):
        return _escaped(value)
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(value)  # as it was written: NaN, Infinity, -Infinity
    return value


def _escaped(text: str) -> str:
    return _UNSTORABLE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _holds_nan(value: Any) -> bool:
    if type(value) is float:
        return not math.isfinite(value)
    if type(value) is dict:
        return any(map(_holds_nan, value.values()))
    return type(value) is list and any(map(_holds_nan, value))

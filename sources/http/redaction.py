"""Secrets never leave in text: every message passes here before it is shown, logged or stored."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from urllib.parse import quote

_KEY_SHAPES = re.compile(
    r"\b(?:sk_[0-9A-Za-z_]{6,}|tok_live_[0-9A-Za-z]{6,}|gva_live_[0-9A-Za-z._]{6,})"
    r"|(?i:(?<=Bearer ))\S+"
)
# To the last @ of the word: a password may hold one itself.
_URL_PASSWORD = re.compile(r"(?<=://)([^/\s:@]*):\S+(?=@)")
# What a terminal would obey, or a database could not store; besides these, line breaks and tabs.
_OTHERS = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff"
)
_CONTROLS = re.compile(f"[\t\n{_OTHERS}]")
_CONTROLS_IN_LINES = re.compile(f"[{_OTHERS}]")
_HIDDEN = "[hidden]"

_secrets: set[str] = set()


def register(secret: str) -> None:
    """Remember a secret, so that it is hidden from any text, whatever it looks like."""
    if len(secret) < 4:
        return
    in_base64 = base64.b64encode(secret.encode(errors="replace")).decode()
    in_json = json.dumps(secret)[1:-1]
    in_url = quote(secret, safe="", errors="replace")
    _secrets.update({secret, in_base64, in_json, in_url})


def redact(text: str) -> str:
    """The text without any registered secret, key-shaped word or password in a URL."""
    # Longest first: a secret that contains another must not leave its tail behind.
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, _HIDDEN)
    text = _URL_PASSWORD.sub(rf"\1:{_HIDDEN}", text)
    return _KEY_SHAPES.sub(_HIDDEN, text)


def shown(text: str, length: int = 300) -> str:
    """Foreign text, fit for a terminal, a log and any database: redacted first, then cut."""
    return _CONTROLS.sub("\ufffd", redact(text))[:length]


def neutral(text: str) -> str:
    """Text that no terminal obeys: control characters and changes of the reading direction are
    replaced by U+FFFD. Line breaks and tabs stay."""
    return _CONTROLS_IN_LINES.sub("\ufffd", text)


def escaped(json_text: str) -> str:
    """JSON of the same value without any character that a terminal would obey."""
    return _CONTROLS_IN_LINES.sub(lambda sign: f"\\u{ord(sign[0]):04x}", json_text)


def fingerprint(secret: str) -> str:
    """Eight hex digits that tell two keys apart and give neither away."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()[:8]

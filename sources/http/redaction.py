"""Secrets never leave in text: every message passes here before it is shown, logged or stored."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote

_KEY_SHAPES = re.compile(r"\b(?:sk_[0-9A-Za-z_]{6,}|tok_live_[0-9A-Za-z]{6,})|(?<=Bearer )\S+")
_URL_PASSWORD = re.compile(r"(?<=://)([^/\s:@]+):[^/\s@]+(?=@)")
_HIDDEN = "[hidden]"

_secrets: set[str] = set()


def register(secret: str) -> None:
    """Remember a secret, so that it is hidden from any text, whatever it looks like."""
    if len(secret) >= 4:
        _secrets.update({secret, quote(secret, safe="")})


def redact(text: str) -> str:
    """The text without any registered secret, key-shaped word or password in a URL."""
    # Longest first: a secret that contains another must not leave its tail behind.
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, _HIDDEN)
    text = _URL_PASSWORD.sub(rf"\1:{_HIDDEN}", text)
    return _KEY_SHAPES.sub(_HIDDEN, text)


def fingerprint(secret: str) -> str:
    """Eight hex digits that tell two keys apart and give neither away."""
    return hashlib.sha256(secret.encode()).hexdigest()[:8]

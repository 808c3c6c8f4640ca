"""The signature of a delivery, and every way in which a test may spoil it.

`TokPortal-Signature: t=<unix>,v1=<hex>` with HMAC-SHA256(secret, "<t>." + body). `t` is this
machine's time, not the sandbox's: receivers compare it with theirs.
"""

import hmac
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

TAMPERS: Final = (
    *("byte", "old", "future", "no_v1", "two_v1", "two_wrong_v1", "no_t", "wrong_secret"),
    *("empty_secret", "no_signature", "garbage", "upper_hex", "large", "not_json", "no_id"),
)
_WINDOW_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Signed:
    """What goes over the wire."""

    body: bytes
    headers: dict[str, str]


def signed(
    body: bytes, event_id: str, event_type: str, secret: str, tamper: str | None = None
) -> Signed:
    """A body with its headers."""
    at = int(time.time()) + {"old": -_WINDOW_SECONDS - 60, "future": _WINDOW_SECONDS + 60}.get(
        tamper or "", 0
    )
    used = {"wrong_secret": "whsec_somebody_elses", "empty_secret": ""}.get(tamper or "", secret)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "TokPortal-Webhooks/1.0",
        "TokPortal-Event-Id": event_id,
        "TokPortal-Event-Type": event_type,
        "TokPortal-Signature": _header(at, signature(used, at, body), tamper),
    }
    if tamper == "no_signature":
        del headers["TokPortal-Signature"]
    if tamper == "no_id":
        del headers["TokPortal-Event-Id"]
    return Signed(_altered(body) if tamper == "byte" else body, headers)


def signature(secret: str, at: int, body: bytes) -> str:
    """The hex digest over `<t>.<body>`."""
    return hmac.new(secret.encode(), b"%d." % at + body, sha256).hexdigest()


def _header(at: int, right: str, tamper: str | None) -> str:
    wrong = "0" * len(right)
    spoilt = {
        "no_v1": f"t={at}",
        "no_t": f"v1={right}",
        "two_v1": f"t={at},v1={wrong},v1={right}",
        "two_wrong_v1": f"t={at},v1={wrong},v1={wrong[::-1]}",
        "garbage": "sha256=deadbeef",
        "upper_hex": f"t={at},v1={right.upper()}",
    }
    return spoilt.get(tamper or "", f"t={at},v1={right}")


def _altered(body: bytes) -> bytes:
    """The same body with one letter changed; still JSON."""
    at = body.rindex(b'"') - 1
    return body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]

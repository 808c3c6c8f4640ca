"""Response headers (developers.tokportal.com/versioning and /rate-limits)."""

import re
from typing import Final
from uuid import uuid4

from sandbox.answers import Answer
from sandbox.clock import Clock
from sandbox.faults.delivery import Headers
from sandbox.keys import Key
from sandbox.tokportal.plans import PLANS
from sandbox.tokportal.shapes import CONTRACT_NAME, CONTRACT_VERSION

_VERSION: Final = (
    (b"x-tokportal-api-version", b"2026-05-25"),
    (b"x-tokportal-api-stability", b"stable"),
)
_SAFE_ID: Final = re.compile(rb"[\x21-\x7e]{1,128}")


def response_headers(
    answer: Answer, key: Key | None, path: str, request_id: bytes | None, clock: Clock
) -> Headers:
    """Everything but the body. Without a valid key there is no rate to speak of."""
    headers = [
        (b"date", clock.http_date()),
        (b"content-type", answer.content_type.encode()),
        (b"content-length", b"%d" % len(answer.body)),
        (b"x-tokportal-request-id", _request_id(request_id)),
        *_VERSION,
    ]
    if key:
        headers += _rate_headers(key, clock)
        if "/analytics" in path:
            headers.append((b"x-tokportal-analytics-contract", _contract(key)))
    return headers + [(k.lower().encode(), v.encode()) for k, v in answer.headers.items()]


def _rate_headers(key: Key, clock: Clock) -> Headers:
    # Reset is counted on the sandbox's clock, so that it can be compared with Date.
    return [
        (b"x-ratelimit-limit", b"%d" % key.capacity),
        (b"x-ratelimit-remaining", b"%d" % key.tokens),
        (b"x-ratelimit-reset", b"%d" % (clock.now + key.seconds_to_full())),
    ]


def _contract(key: Key) -> bytes:
    # The format of this value is not published.
    level = PLANS[key.tier].level
    return f"{CONTRACT_NAME}; version={CONTRACT_VERSION}; access={level}".encode()


def _request_id(given: bytes | None) -> bytes:
    """The client's own id when it is safe to repeat, else a new one."""
    if given is not None and _SAFE_ID.fullmatch(given):
        return given
    return b"req_" + uuid4().hex.encode()

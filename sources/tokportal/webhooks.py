"""TokPortal's webhooks: whether a delivery is genuine, and what it speaks of. No HTTP, no disk.

developers.tokportal.com/webhooks: `TokPortal-Signature: t=<unix>,v1=<hex>`, an HMAC-SHA256 with the
endpoint's secret over `<t>.` and the exact bytes of the body. Only the body is signed: the header
with the event's id is not, so it never decides which event it is.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from ..http import json_body
from ..http.errors import ProviderError
from ..landing.rows import first, identifier
from ..landing.tables import Table, ours

SIGNATURE_HEADER = "TokPortal-Signature"
EVENT_ID_HEADER = "TokPortal-Event-Id"
TOLERANCE_SECONDS = 300

_TIME = re.compile(r"[0-9]{1,12}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LONGEST_ID = 200

WEBHOOK_EVENTS = Table(
    name="webhook_events",
    grain="one row per event that TokPortal sent to `social listen`; an event only asks for a sync",
    key=("event_id",),
    columns=(
        ours("event_id", "text", "TokPortal's id of the event; deliveries repeat it."),
        ours("type", "text", "account.banned, video.finalized …; NULL when it names none."),
        ours("account_id", "text", "Account that was synced for it; NULL when it names none."),
        ours("bundle_id", "text", "Bundle that the event names."),
        ours("created_at", "timestamp", "When TokPortal says that it happened (UTC)."),
        ours("received_at", "timestamp", "When it was stored here, on this machine's clock (UTC)."),
        ours("handled_at", "timestamp", "When its sync was done, on this machine's clock (UTC)."),
        ours(
            "outcome",
            "text",
            "`synced`; `no_account`, when it leads to none; `left_to_schedule`, when the account's"
            " sync kept failing. In the last two cases the next ordinary sync reconciles.",
        ),
        ours("run_id", "text", "The sync that was run for it, as in `sync_runs`."),
    ),
    kind="ledger",
)


class NotAnEvent(ValueError):
    """The body is no event: not a JSON object, or without any id."""


@dataclass(frozen=True)
class Event:
    """What an event speaks of. Ids are hints of what to ask, never facts to store as data.

    `event_id` is the body's, which is signed; a hash of the body where that has none.
    """

    event_id: str
    type: str | None
    created_at: str | None
    saved_account_id: str | None
    account_id: str | None
    bundle_id: str | None
    body: dict[str, Any]


def is_genuine(header: str | None, body: bytes, secrets: Sequence[str], now: float) -> bool:
    """Whether one of the secrets signed this body at most 300 s before or after `now` (Unix).

    Every secret is tried against every `v1` in constant time: how long it takes tells nothing.
    """
    times, digests = _parts(header or "")
    if len(times) != 1 or not digests or not _TIME.fullmatch(times[0]):
        return False
    wanted = [_signature(secret, times[0], body) for secret in secrets if secret]
    matches = [hmac.compare_digest(digest, right) for digest in digests for right in wanted]
    return any(matches) and abs(now - int(times[0])) <= TOLERANCE_SECONDS


def _parts(header: str) -> tuple[list[str], list[str]]:
    """The values of `t` and of `v1`; other versions are not for us."""
    pairs = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    digests = [value.lower() for name, _, value in pairs if name == "v1"]
    return times, [digest for digest in digests if _DIGEST.fullmatch(digest)]


def _signature(secret: str, at: str, body: bytes) -> str:
    return hmac.new(secret.encode(), at.encode() + b"." + body, sha256).hexdigest()


def read_event(body: bytes, header_id: str | None) -> Event:
    """The event in a genuine body. Raises NotAnEvent, also for JSON that no table could take.

    `header_id` is not signed: whoever repeats a delivery could write the id of another event there,
    which would then be taken for known. It only says that a body without an id is an event.
    """
    try:
        said = json_body.parse(body)
    except ProviderError as error:
        raise NotAnEvent(error.message) from None
    if not isinstance(said, dict):
        raise NotAnEvent("the body is not a JSON object")
    event_id = _id(said, "id")
    if event_id is None and _id({"id": header_id}, "id") is None:
        raise NotAnEvent("the event has no id")
    return Event(
        event_id or f"sha256-{sha256(body).hexdigest()[:32]}",
        _id(said, "type", "event"),
        _text(first(said, "created_at", "timestamp")),
        _id(said, "data.saved_account_id"),
        _id(said, "data.account_id"),
        _id(said, "data.bundle_id"),
        said,
    )


def _id(said: dict[str, Any], *aliases: str) -> str | None:
    found = identifier(said, *aliases)
    usable = found is not None and len(found) <= _LONGEST_ID and found.isprintable()
    return found if usable else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None

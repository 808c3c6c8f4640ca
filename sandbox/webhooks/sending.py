"""Sending an event to a registered URL. Only loopback is ever contacted."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from sandbox.webhooks.book import Delivery, Endpoint, HookBook, renewed
from sandbox.webhooks.events import EVENTS, envelope, event_data
from sandbox.webhooks.signing import TAMPERS, Signed, signed
from sandbox.world.chance import digest, uuid_of

_TIMEOUT: Final = 10.0
_LARGE = 2 * 1024 * 1024

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One event on its way."""

    id: str
    type: str
    body: bytes


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine and nowhere else."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def make_event(book: HookBook, now: int, order: Json) -> Event:
    """The event a test asked for: `type`, and optionally `account_id`, `data`, `event_id`."""
    event_type = order["type"]
    if event_type not in EVENTS and not order.get("unknown"):
        raise ValueError(f"type must be one of {', '.join(EVENTS)}; or say unknown: true")
    tamper = order.get("tamper")
    if tamper is not None and tamper not in TAMPERS:
        raise ValueError(f"tamper must be one of {', '.join(TAMPERS)}, not {tamper!r}")
    known = event_data(book.world, now, event_type, order.get("account_id"))
    data = {**known, **order.get("data", {})}
    number = book.next_number()
    event_id = order.get("event_id") or f"evt_{digest(book.world.seed, 'sent', number).hex()}"
    body = envelope(event_id, event_type, now, data, _LARGE if tamper == "large" else 0)
    return Event(event_id, event_type, b"{not json" if tamper == "not_json" else body)


async def send_event(book: HookBook, now: int, order: Json) -> list[Json]:
    """Send to every endpoint that wants it, `times` times, and say what each answered."""
    event = make_event(book, now, order)
    targets = [one for one in book.endpoints() if one.wants(event.type) and is_loopback(one.url)]
    answers = []
    for endpoint in targets:
        for _ in range(order.get("times", 1)):
            answers.append(await deliver(book, endpoint, event, now, order.get("tamper")))
    return answers


async def deliver(
    book: HookBook, endpoint: Endpoint, event: Event, now: int, tamper: str | None = None
) -> Json:
    """One attempt, kept as a delivery."""
    wire = signed(event.body, event.id, event.type, endpoint.secret, tamper)
    status, error = await _post(endpoint.url, wire)
    first = Delivery(
        id=uuid_of(book.world.seed, "sent delivery", book.next_number()),
        endpoint_id=endpoint.id,
        event_id=event.id,
        event_type=event.type,
        success=False,
        status_code=None,
        attempts=0,
        error=None,
        created_at=now,
        delivered_at=None,
        body=event.body,
    )
    done = renewed(first, status, error, now)
    book.note(done)
    return {
        "webhook_id": endpoint.id,
        "delivery_id": done.id,
        "url": endpoint.url,
        "event_id": event.id,
        "status_code": status,
        "error": error,
    }


async def again(book: HookBook, endpoint: Endpoint, delivery: Delivery, now: int) -> Delivery:
    """The same event once more: same id, same body, a new signature."""
    body = delivery.body or envelope(
        delivery.event_id, delivery.event_type, delivery.created_at, {}
    )
    wire = signed(body, delivery.event_id, delivery.event_type, endpoint.secret)
    status, error = await _post(endpoint.url, wire)
    done = renewed(delivery, status, error, now)
    book.note(done)
    return done


async def _post(url: str, wire: Signed) -> tuple[int | None, str | None]:
    import httpx  # slow to load, and most sandboxes never send

    if not is_loopback(url):
        return None, "not delivered: only loopback is contacted"
    try:
        async with httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False) as client:
            answer = await client.post(url, content=wire.body, headers=wire.headers)
    except httpx.HTTPError as problem:
        return None, type(problem).__name__
    return answer.status_code, None if answer.is_success else f"HTTP {answer.status_code}"

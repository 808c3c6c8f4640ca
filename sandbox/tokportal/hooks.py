"""Webhook endpoints and deliveries (developers.tokportal.com/webhooks)."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from sandbox.answers import Answer, ApiError
from sandbox.tokportal import envelopes, shapes
from sandbox.tokportal.call import Call
from sandbox.webhooks.book import Delivery, Endpoint
from sandbox.webhooks.events import API_VERSION, EVENTS
from sandbox.webhooks.sending import again, deliver, is_loopback, make_event

_LONGEST = 500


def list_events(call: Call) -> Answer:
    """GET /webhooks/events: public."""
    body = {
        "events": [{"type": name, "description": name.replace(".", " ")} for name in EVENTS],
        "envelope": {"id": "evt_…", "type": "…", "api_version": API_VERSION, "data": {}},
        "delivery": {"guarantee": "at least once, in no order"},
        "signature": {"header": "TokPortal-Signature", "tolerance_seconds": 300},
    }
    return envelopes.wrapped(body)


def list_endpoints(call: Call) -> Answer:
    """GET /webhooks: `enabled` and `event` filter."""
    page, per_page = call.query.page(default_size=25)
    enabled, event = call.query.flag("enabled"), call.query.get("event")
    found = [
        one
        for one in call.owner.hooks.endpoints()
        if enabled in (None, one.enabled) and (event is None or event in (one.events or EVENTS))
    ]
    rows = [_endpoint_row(one) for one in found[(page - 1) * per_page : page * per_page]]
    return envelopes.paged(rows, page, per_page, len(found))


def create_endpoint(call: Call) -> Answer:
    """POST /webhooks: the only answer with the secret in it."""
    made = call.owner.hooks.add(
        url=_url(call.body.get("url")),
        events=_events(call.body.get("events", [])),
        told=_description(call.body.get("description")),
        enabled=_flag(call.body.get("enabled", True)),
        now=call.now,
    )
    answer = envelopes.wrapped({**_endpoint_row(made), "signing_secret": made.secret})
    return replace(answer, status=201)


def get_endpoint(call: Call) -> Answer:
    """GET /webhooks/{id}: without the secret."""
    return envelopes.wrapped(_endpoint_row(_endpoint(call)))


def update_endpoint(call: Call) -> Answer:
    """PATCH /webhooks/{id}: what is not sent stays."""
    known, sent = _endpoint(call), call.body
    changed = replace(
        known,
        url=_url(sent.get("url", known.url)),
        events=_events(sent.get("events", list(known.events))),
        description=_description(sent.get("description", known.description)),
        enabled=_flag(sent.get("enabled", known.enabled)),
        updated_at=call.now,
    )
    call.owner.hooks.put(changed)
    return envelopes.wrapped(_endpoint_row(changed))


def delete_endpoint(call: Call) -> Answer:
    """DELETE /webhooks/{id}: an empty answer."""
    call.owner.hooks.remove(_endpoint(call).id)
    return Answer(204, b"")


def list_deliveries(call: Call) -> Answer:
    """GET /webhooks/{id}/deliveries: newest first; `event_type` and `success` filter."""
    page, per_page = call.query.page(default_size=25)
    success, event_type = call.query.flag("success"), call.query.get("event_type")
    found = [
        one
        for one in call.owner.hooks.deliveries(_endpoint(call).id, call.now)
        if success in (None, one.success) and event_type in (None, one.event_type)
    ]
    rows = [_delivery_row(one) for one in found[(page - 1) * per_page : page * per_page]]
    return envelopes.paged(rows, page, per_page, len(found))


async def retry_delivery(call: Call) -> Answer:
    """POST /webhooks/{id}/deliveries/{delivery_id}/retry: the same event id once more."""
    endpoint = _endpoint(call)
    known = call.owner.hooks.delivery(endpoint.id, call.args["delivery_id"], call.now)
    if known is None:
        raise ApiError(404, "WEBHOOK_DELIVERY_NOT_FOUND", "Webhook delivery not found.")
    return envelopes.wrapped(
        _delivery_row(await again(call.owner.hooks, endpoint, known, call.now))
    )


async def test_endpoint(call: Call) -> Answer:
    """POST /webhooks/{id}/test: sends a webhook.test event, enabled or not."""
    endpoint, hooks = _endpoint(call), call.owner.hooks
    event = make_event(hooks, call.now, {"type": "webhook.test", "data": {"test": True}})
    sent = await deliver(hooks, endpoint, event, call.now)
    delivery = hooks.delivery(endpoint.id, sent["delivery_id"], call.now)
    return envelopes.wrapped(_delivery_row(delivery) if delivery else sent)


def _endpoint(call: Call) -> Endpoint:
    found = call.owner.hooks.endpoint(call.args["id"])
    if found is None:
        raise ApiError(404, "WEBHOOK_NOT_FOUND", "Webhook endpoint not found.")
    return found


def _endpoint_row(one: Endpoint) -> dict[str, Any]:
    return {
        "id": one.id,
        "url": one.url,
        "events": list(one.events),
        "description": one.description,
        "enabled": one.enabled,
        "created_at": shapes.iso(one.created_at),
        "updated_at": shapes.iso(one.updated_at),
    }


def _delivery_row(one: Delivery) -> dict[str, Any]:
    return {
        "id": one.id,
        "webhook_id": one.endpoint_id,
        "event_id": one.event_id,
        "event_type": one.event_type,
        "success": one.success,
        "status_code": one.status_code,
        "attempts": one.attempts,
        "error": one.error,
        "created_at": shapes.iso(one.created_at),
        "delivered_at": None if one.delivered_at is None else shapes.iso(one.delivered_at),
    }


def _url(given: Any) -> str:
    """https as documented; on loopback plain http too."""
    if isinstance(given, str) and (
        urlsplit(given).scheme == "https"
        or (urlsplit(given).scheme == "http" and is_loopback(given))
    ):
        return given
    raise _wrong("url", "url must be an https URL")


def _events(given: Any) -> tuple[str, ...]:
    if not isinstance(given, list) or not set(map(str, given)) <= set(EVENTS):
        raise _wrong("events", "events must be a list of known event types")
    return tuple(given)


def _description(given: Any) -> str | None:
    if given is None or (isinstance(given, str) and len(given) <= _LONGEST):
        return given
    raise _wrong("description", f"description must be text of at most {_LONGEST} characters")


def _flag(given: Any) -> bool:
    if isinstance(given, bool):
        return given
    raise _wrong("enabled", "enabled must be true or false")


def _wrong(field: str, message: str) -> ApiError:
    return ApiError(400, "VALIDATION_ERROR", message, field=field)

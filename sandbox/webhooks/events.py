"""The event types, and the envelope one is sent in (developers.tokportal.com/webhooks)."""

from datetime import UTC, datetime
from typing import Any, Final

import orjson

from sandbox.agency.bundles import Bundle, bundles_of
from sandbox.agency.videos import slots_of
from sandbox.world.world import World

Json = dict[str, Any]

API_VERSION: Final = "2026-05-25"
EVENTS: Final = (
    *("webhook.test", "bundle.created", "bundle.published", "bundle.cancelled"),
    *("bundle.archived", "account.configured", "account.published", "account.in_review"),
    *("account.pending_corrections", "account.finalized", "account.remade", "account.banned"),
    *("account.ban_appeal.submitted", "account.ban_appeal.resolved"),
    *("account.ban_resolution.decided", "video.configured", "video.in_review"),
    *("video.published", "video.pending_corrections", "video.finalized"),
    *("warming.session_started", "warming.term_verified", "warming.session_completed"),
    *("subscription.renewed", "subscription.lapsed", "subscription.cancelled"),
    *("subscription.reactivated", "subscription.ended", "account.revealed"),
    *("credits.restored", "video.not_recommended", "video.ai_labeled"),
    *("video.sound_restricted", "account.distribution_warning"),
)


def envelope(event_id: str, event_type: str, now: int, data: Json, padding: int = 0) -> bytes:
    """The exact bytes of an event's body; `padding` makes it that much larger."""
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    body: Json = {
        "id": event_id,
        "type": event_type,
        "api_version": API_VERSION,
        "created_at": moment,
        "data": data,
    }
    return orjson.dumps({**body, "padding": "x" * padding} if padding else body)


def event_data(world: World, now: int, event_type: str, account_id: str | None) -> Json:
    """What an event of this type says about an account, or about the newest bundle."""
    bundles = bundles_of(world, now)
    mine = [one for one in bundles if one.account and one.account.id == account_id]
    chosen = mine or ([] if account_id else bundles)
    if not chosen:
        return {"saved_account_id": account_id}
    topic, _, what = event_type.partition(".")
    if topic == "bundle":
        return _bundle(chosen[-1], now)
    return _video(world, chosen[-1], now) if topic == "video" else _account(chosen[-1], now, what)


def _bundle(bundle: Bundle, now: int) -> Json:
    return {
        "bundle_id": bundle.id,
        "external_ref": bundle.external_ref,
        "status": bundle.status(now),
        "platform": bundle.platform,
        "bundle_type": bundle.bundle_type,
    }


def _account(bundle: Bundle, now: int, what: str) -> Json:
    body: Json = {
        "account_id": bundle.listing_id,
        "saved_account_id": bundle.account.id if bundle.account else None,
        "bundle_id": bundle.id,
        "username": bundle.account.username if bundle.account else None,
        "platform": bundle.platform,
    }
    if what == "banned":
        at = datetime.fromtimestamp(now, UTC).isoformat()
        return {**body, "reason": "platform", "appeal_status": None, "banned_at": at}
    return {**body, "status": what, "previous_status": "in_review"}


def _video(world: World, bundle: Bundle, now: int) -> Json:
    slots = slots_of(world, bundle)
    slot = slots[0] if slots else None
    return {
        "video_id": slot.id if slot else None,
        "bundle_id": bundle.id,
        "saved_account_id": bundle.account.id if bundle.account else None,
        "position": slot.position if slot else None,
        "status": slot.status(now) if slot else None,
        "previous_status": "in_review",
        "platform_url": slot.platform_url if slot else None,
    }

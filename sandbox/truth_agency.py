"""The truth of the agency's tables: bundles, their videos, bans, credits, webhooks."""

from collections.abc import Iterator

from sandbox.agency.bans import bans_of
from sandbox.agency.bundles import Bundle, bundles_of
from sandbox.agency.credits import history_of
from sandbox.agency.videos import slots_of
from sandbox.view import Row, View, utc, utc_or_none
from sandbox.world.chance import DAY


def bundles(view: View) -> Iterator[Row]:
    """Every bundle; with an account, those that have it."""
    for one in _bundles(view):
        yield {
            "bundle_id": one.id,
            "title": one.title,
            "bundle_type": one.bundle_type,
            "status": one.status(view.now),
            "account_status": one.account_status(view.now),
            "platform": one.platform,
            "country": one.country,
            "external_ref": one.external_ref,
            "videos_quantity": one.videos_quantity,
            "account_id": one.saved_account_id(view.now),
            "auto_finalize_videos": one.auto_finalize,
            "created_at": utc(one.created_at),
            "updated_at": utc(one.updated_at(view.now)),
        }


def bundle_videos(view: View) -> Iterator[Row]:
    """Every slot of every bundle."""
    for bundle in _bundles(view):
        for slot in slots_of(view.world, bundle):
            yield {
                "bundle_id": bundle.id,
                "position": slot.position,
                "video_id": slot.id,
                "video_type": slot.video_type,
                "status": slot.status(view.now),
                "description": slot.description,
                "target_publish_date": utc(slot.target_day * DAY)[:10],
                "external_ref": slot.external_ref,
                "platform_url": slot.platform_url if slot.is_live(view.now) else None,
                "finalized_at": utc_or_none(slot.finalized_at(view.now)),
            }


def account_bans(view: View) -> Iterator[Row]:
    """Every confirmed report, as it stands."""
    for ban in bans_of(view.world, view.now):
        if view.account_id not in (None, ban.account_id):
            continue
        closed = ban.resolved(view.now)
        yield {
            "ban_id": ban.id,
            "account_id": ban.account_id,
            "username": ban.username,
            "platform": ban.bundle.platform,
            "bundle_id": ban.bundle.id,
            "order_id": ban.bundle.order_id,
            "status": ban.status(view.now),
            "reported_at": utc(ban.reported_at),
            "decided_at": utc_or_none(ban.decided(view.now)),
            "updated_at": utc(ban.updated_at(view.now)),
            "resolution": ban.resolution if closed else None,
            "refund_credits": ban.refund_credits if closed else None,
            "resolved_at": utc(ban.resolved_at) if closed else None,
        }


def credit_transactions(view: View) -> Iterator[Row]:
    """Every booking."""
    for one in history_of(view.world, view.now):
        yield {
            "transaction_id": one.id,
            "type": one.type,
            "amount": one.amount,
            "description": one.description,
            "breakdown": one.breakdown,
            "balance_after": one.balance_after,
            "created_at": utc(one.created_at),
        }


def webhook_endpoints(view: View) -> Iterator[Row]:
    """Every registered URL; its secret is nobody's to store."""
    for one in view.owner.hooks.endpoints():
        yield {
            "webhook_id": one.id,
            "url": one.url,
            "events": list(one.events),
            "description": one.description,
            "enabled": one.enabled,
            "created_at": utc(one.created_at),
            "updated_at": utc(one.updated_at),
        }


def webhook_deliveries(view: View) -> Iterator[Row]:
    """Every delivery to an endpoint that still exists."""
    hooks = view.owner.hooks
    for endpoint in hooks.endpoints():
        for one in hooks.deliveries(endpoint.id, view.now):
            yield {
                "delivery_id": one.id,
                "webhook_id": endpoint.id,
                "event_id": one.event_id,
                "event_type": one.event_type,
                "success": one.success,
                "status_code": one.status_code,
                "attempts": one.attempts,
                "error": one.error,
                "created_at": utc(one.created_at),
                "delivered_at": utc_or_none(one.delivered_at),
            }


TABLES = (
    *(bundles, bundle_videos, account_bans, credit_transactions),
    *(webhook_endpoints, webhook_deliveries),
)


def _bundles(view: View) -> list[Bundle]:
    found = bundles_of(view.world, view.now)
    wanted = view.account_id
    return [one for one in found if wanted in (None, one.saved_account_id(view.now))]

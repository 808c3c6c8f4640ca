"""Bundles and their videos (developers.tokportal.com/bundles, /videos and the agencies page)."""

from sandbox.agency.bundles import Bundle, bundles_of, find_bundle
from sandbox.agency.videos import Slot, slots_of
from sandbox.answers import Answer, ApiError
from sandbox.tokportal import envelopes, shapes
from sandbox.tokportal.call import Call

Json = dict[str, object]

STATUSES = (
    *("draft", "pending_setup", "published", "published_priority", "accepted"),
    *("completed", "cancelled", "archived"),
)
_TYPES = ("account_only", "account_and_videos", "videos_only")


def list_bundles(call: Call) -> Answer:
    """GET /bundles: newest first (the order is not documented); external_ref is an exact match."""
    return _page(call, bundles_of(call.world, call.now))


def list_account_bundles(call: Call) -> Answer:
    """GET /accounts/{id}/bundles: those that delivered this account or belong to it."""
    account = call.account()
    everything = bundles_of(call.world, call.now)
    return _page(call, [b for b in everything if b.saved_account_id(call.now) == account.id])


def get_bundle(call: Call) -> Answer:
    """GET /bundles/{id}."""
    return envelopes.wrapped(bundle_row(_bundle(call), call.now))


def get_bundle_account(call: Call) -> Answer:
    """GET /bundles/{id}/account: `id` is the listing account's, which survives a remake."""
    bundle = _bundle(call)
    account = bundle.account
    body: Json = {
        "id": bundle.listing_id,
        "bundle_id": bundle.id,
        "saved_account_id": bundle.saved_account_id(call.now),
        "status": bundle.account_status(call.now),
        "platform": bundle.platform,
        "country": bundle.country,
        "username": account.username if account else None,
        "visible_name": account.display_name if account else None,
        "biography": account.biography if account else None,
        "profile_picture_url": None,
    }
    return envelopes.wrapped(body)


def list_bundle_videos(call: Call) -> Answer:
    """GET /bundles/{id}/videos: every slot; the list has no pages."""
    slots = slots_of(call.world, _bundle(call))
    return envelopes.rows([video_row(slot, call.now) for slot in slots])


def get_bundle_video(call: Call) -> Answer:
    """GET /bundles/{id}/videos/{position}: positions begin at 1."""
    wanted = call.args["position"]
    for slot in slots_of(call.world, _bundle(call)):
        if str(slot.position) == wanted:
            return envelopes.wrapped(video_row(slot, call.now))
    raise ApiError(404, "VIDEO_NOT_FOUND", "Video not found.")


def bundle_row(bundle: Bundle, now: int) -> Json:
    """A bundle in a list and alone."""
    return {
        "id": bundle.id,
        "title": bundle.title,
        "bundle_type": bundle.bundle_type,
        "status": bundle.status(now),
        "account_status": bundle.account_status(now),
        "platform": bundle.platform,
        "country": bundle.country,
        "external_ref": bundle.external_ref,
        "videos_quantity": bundle.videos_quantity,
        "saved_account_id": bundle.saved_account_id(now),
        "auto_finalize_videos": bundle.auto_finalize,
        "created_at": shapes.iso(bundle.created_at),
        "updated_at": shapes.iso(bundle.updated_at(now)),
    }


def video_row(slot: Slot, now: int) -> Json:
    """A video of a bundle; `id` is the `video_id` of analytics rows."""
    live, finalized_at = slot.is_live(now), slot.finalized_at(now)
    return {
        "id": slot.id,
        "bundle_id": slot.bundle.id,
        "position": slot.position,
        "video_type": slot.video_type,
        "status": slot.status(now),
        "description": slot.description,
        "target_publish_date": shapes.iso_day(slot.target_day),
        "video_url": f"https://cdn.example.com/clips/{slot.id}.mp4",
        "external_ref": slot.external_ref,
        "platform_url": slot.platform_url if live else None,
        "finalized_at": shapes.iso(finalized_at) if finalized_at else None,
    }


def _page(call: Call, bundles: list[Bundle]) -> Answer:
    page, per_page = call.query.page(default_size=25)
    found = [bundle for bundle in bundles if _wanted(call, bundle)]
    chosen = found[(page - 1) * per_page : page * per_page]
    rows = [bundle_row(one, call.now) for one in chosen]
    return envelopes.paged(rows, page, per_page, len(found))


def _wanted(call: Call, bundle: Bundle) -> bool:
    status = call.query.choice("status", STATUSES, "")
    bundle_type = call.query.choice("bundle_type", _TYPES, "")
    asked = {name: call.query.get(name) for name in ("platform", "external_ref", "account_status")}
    return (
        status in ("", bundle.status(call.now))
        and bundle_type in ("", bundle.bundle_type)
        and asked["platform"] in (None, bundle.platform)
        and asked["external_ref"] in (None, bundle.external_ref)
        and asked["account_status"] in (None, bundle.account_status(call.now))
    )


def _bundle(call: Call) -> Bundle:
    bundle = find_bundle(call.world, call.args["id"], call.now)
    if bundle:
        return bundle
    raise ApiError(404, "BUNDLE_NOT_FOUND", "Bundle not found.")

"""GET /account-bans: what staff confirmed. The last updated come first (not documented)."""

from typing import Any

from sandbox.agency.bans import Ban, bans_of
from sandbox.answers import Answer
from sandbox.tokportal import envelopes, shapes
from sandbox.tokportal.call import Call

_STATUSES = ("appeal_pending", "appeal_accepted", "appeal_refused", "no_appeal_banned")
_RESOLUTIONS = ("refund", "remake", "no_remake", "pending")


def list_bans(call: Call) -> Answer:
    """`since` is inclusive and about `updated_at`, so the row on the boundary comes again."""
    page, per_page = call.query.page(default_size=25)
    found = [ban for ban in bans_of(call.world, call.now) if _wanted(call, ban)]
    chosen = found[(page - 1) * per_page : page * per_page]
    pictures = call.query.flag("include_screenshots") or False
    rows = [ban_row(ban, call.now, screenshots=pictures) for ban in chosen]
    return envelopes.paged(rows, page, per_page, len(found))


def ban_row(ban: Ban, now: int, *, screenshots: bool) -> dict[str, Any]:
    """A report; the picture's address is signed and ends after seven days."""
    decided_at = ban.decided(now)
    row = {
        "id": ban.id,
        "account_id": ban.account_id,
        "username": ban.username,
        "platform": ban.bundle.platform,
        "bundle_id": ban.bundle.id,
        "order_id": ban.bundle.order_id,
        "status": ban.status(now),
        "reported_at": shapes.iso(ban.reported_at),
        "decided_at": shapes.iso(decided_at) if decided_at else None,
        "updated_at": shapes.iso(ban.updated_at(now)),
        "resolution": _resolution(ban, now),
    }
    signed = f"https://cdn.example.com/evidence/{ban.id}.png?expires={now + 7 * 86_400}"
    return {**row, "screenshot_url": signed} if screenshots else row


def _resolution(ban: Ban, now: int) -> dict[str, Any] | None:
    if not ban.resolved(now):
        return None
    return {
        "resolution": ban.resolution,
        "reason_code": None if ban.resolution == "refund" else "platform_wave",
        "refund_credits": ban.refund_credits,
        "resolved_at": shapes.iso(ban.resolved_at),
    }


def _wanted(call: Call, ban: Ban) -> bool:
    status = call.query.choice("status", _STATUSES, "")
    resolution = call.query.choice("resolution", _RESOLUTIONS, "")
    since = call.query.moment("since")
    return (
        status in ("", ban.status(call.now))
        and resolution in ("", ban.resolution_filter(call.now))
        and call.query.get("account_id") in (None, ban.account_id)
        and (since is None or ban.updated_at(call.now) >= since)
    )

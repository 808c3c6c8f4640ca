"""GET /campaigns/{id} and what is below it."""

from typing import Any

from sandbox.answers import Answer, ApiError, json_answer
from sandbox.tokfluence import shapes
from sandbox.tokfluence.call import Call
from sandbox.tokfluence.campaigns import FOREIGN_ID, Campaign
from sandbox.tokfluence.creators import find_creator
from sandbox.tokfluence.errors import not_found
from sandbox.tokfluence.index import Entry


def get_campaign(call: Call) -> Answer:
    """GET /campaigns/{id}."""
    campaign, entries = _campaign(call)
    return json_answer({"data": shapes.campaign(campaign, entries)})


def get_metrics(call: Call) -> Answer:
    """GET /campaigns/{id}/metrics: one object of numbers over the whole campaign."""
    campaign, entries = _campaign(call)
    counters = [entry.counters() for entry in entries]
    spend = sum(campaign.fee_cents(entry.video.id) for entry in entries)
    views = sum(one.views for one in counters)
    gmv = views * 3
    return json_answer(
        {
            "data": {
                "posts_count": len(entries),
                "influencers_count": len({entry.video.handle for entry in entries}),
                "views": views,
                "likes": sum(one.likes for one in counters),
                "comments": sum(one.comments for one in counters),
                "shares": sum(one.shares or 0 for one in counters),
                "saves": sum(one.saves for one in counters),
                "spend_cents": spend,
                "gmv_cents": gmv,
                "roi": round(gmv / spend, 4) if spend else None,
            }
        }
    )


def list_posts(call: Call) -> Answer:
    """GET /campaigns/{id}/posts: pages as of comments; in the later dialect one page."""
    campaign, entries = _campaign(call)
    if call.later:
        rows = [shapes.campaign_post(campaign, entry) for entry in entries]
        return json_answer({"data": rows, "meta": {"total": len(rows)}})
    page, next_cursor = call.page(entries)
    meta = {"total": len(entries), "next_cursor": next_cursor}
    rows = [shapes.campaign_post(campaign, entry) for entry in page]
    return json_answer({"data": rows, "meta": meta})


def list_influencers(call: Call) -> Answer:
    """GET /campaigns/{id}/influencers: one row per creator with a tracked video."""
    campaign, entries = _campaign(call)
    handles = sorted({entry.video.handle for entry in entries})
    page, next_cursor = call.page(handles)
    rows = [_influencer(call, campaign, handle, entries) for handle in page]
    meta = {"total": len(handles), "next_cursor": next_cursor}
    return json_answer({"data": rows, "meta": meta})


def _influencer(
    call: Call, campaign: Campaign, handle: str, entries: list[Entry]
) -> dict[str, Any]:
    creator = find_creator(call.index, handle, call.now)
    fees = [campaign.fee_cents(one.video.id) for one in entries if one.video.handle == handle]
    return {
        "creator_id": creator.id if creator else None,
        "username": handle,
        "tracked_posts_count": len(fees),
        "fee_cents": sum(fees),
    }


def _campaign(call: Call) -> tuple[Campaign, list[Entry]]:
    """The campaign in the path and its indexed videos."""
    asked = call.args["id"]
    campaign = call.subscription.campaign(asked)
    if campaign:
        return campaign, campaign.entries(call.index, call.now)
    if asked == str(FOREIGN_ID) or any(o.tokfluence.campaign(asked) for o in call.owner.others):
        raise ApiError(403, "forbidden", "This campaign belongs to another account.")
    raise not_found("campaign")

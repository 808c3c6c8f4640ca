"""The posting side: accounts, created posts, and the subscription that pays for refreshes."""

from collections import Counter
from datetime import datetime
from typing import Final

from sandbox.answers import ApiError
from sandbox.genviral import created, shapes
from sandbox.genviral.call import Call
from sandbox.genviral.created import Created
from sandbox.genviral.envelope import Reply
from sandbox.genviral.plan import plan_at
from sandbox.genviral.selection import invalid, whole

_STATUSES: Final = ("draft", "pending", "scheduled", "posted", "failed", "partial", "retry")
_WAITING: Final = ("pending", "scheduled", "retry")


def list_accounts(call: Call) -> Reply:
    """GET /accounts: those that are connected now, without pages."""
    found = created.posting_accounts(call.owner.world)
    rows = [shapes.posting_account(one, call.workspace_id) for one in found if one.active(call.now)]
    return Reply("Accounts retrieved", {**call.scope(), "accounts": rows})


def list_posts(call: Call) -> Reply:
    """GET /posts: the newest ones created in the window, both bounds included, and no pages."""
    limit = whole(call.query, "limit", 50, 1, 100)
    status = call.query.get("status")
    if status is not None and status not in _STATUSES:
        raise invalid("status", _STATUSES)
    since, until = _moment(call, "since"), _moment(call, "until")
    found = [
        one
        for one in call.tracker.created_posts(call.now)
        if (since is None or since <= one.created_at)
        and (until is None or one.created_at <= until)
        and status in (None, one.status)
    ]
    data = {"summary": _counts(found), "posts": [shapes.created(one) for one in found[:limit]]}
    return Reply("Posts retrieved", data)


def get_post(call: Call) -> Reply:
    """GET /posts/{id}."""
    found = call.tracker.created_posts(call.now)
    one = next((one for one in found if one.id == call.args["id"]), None)
    if one is None:
        raise ApiError(404, "not_found", "Post not found")
    return Reply("Post retrieved", shapes.created(one))


def get_subscription(call: Call) -> Reply:
    """GET /subscription."""
    plan = plan_at(call.owner.genviral.book, call.now)
    data = {
        "scope": call.scope()["scope"],
        "workspace_id": call.workspace_id,
        "subscription": {
            "status": plan.status,
            "tier": plan.tier,
            "billing_interval": plan.billing_interval,
            "renews_at": shapes.iso(plan.renews_at),
            "credits": {
                "limit": plan.limit,
                "used_this_period": plan.used,
                "remaining": plan.remaining,
                "reset_at": shapes.iso(plan.renews_at),
            },
        },
    }
    return Reply("Subscription retrieved", data)


def _counts(found: list[Created]) -> dict[str, object]:
    by_status = Counter(one.status for one in found)
    return {
        "total": len(found),
        "pending": sum(by_status[name] for name in _WAITING),
        "published": by_status["posted"],
        "by_status": dict(by_status),
    }


def _moment(call: Call, name: str) -> float | None:
    """ISO 8601 with an offset."""
    text = call.query.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ApiError(400, "invalid_payload", f"{name} must be ISO 8601 with an offset")
    return moment.timestamp()

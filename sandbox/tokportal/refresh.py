"""Refreshing an account on demand, and whether that is possible now.

The newer generation dedupes: within the window a repeated request changes nothing and says
`refreshed`. The older one refuses: a cooldown per account, a quota per month.
"""

from typing import Any

from sandbox.answers import Answer, ApiError
from sandbox.refreshes import CONNECTED_WINDOW, PUBLIC_WINDOW, V1_COOLDOWN
from sandbox.tokportal import envelopes, shapes
from sandbox.tokportal.call import Call
from sandbox.world.accounts import Account
from sandbox.world.chance import HOUR

_DEFAULT_POSTS = 20


def can_refresh(call: Call) -> Answer:
    """GET /accounts/{id}/analytics/can-refresh, in the shape of the account's generation."""
    account = call.account()
    next_at = _next_at(call, account)
    quota = call.owner.refreshes
    spent = call.world.is_v1(account, call.now) and quota.used(call.now) >= quota.limit
    body: dict[str, Any] = {
        "account_id": account.id,
        "can_refresh": next_at is None and not spent and not account.banned(call.now),
        **_wait(call, next_at),
    }
    return envelopes.wrapped({**body, **_generation(call, account)})


def refresh(call: Call) -> Answer:
    """POST …/refresh: a new capture becomes visible a little later."""
    account = call.account()
    if account.banned(call.now):
        # Neither status nor code of this refusal is published.
        raise ApiError(
            409, "ACCOUNT_INVALID_STATUS", "The account is banned.", current_status="banned"
        )
    if call.world.is_v1(account, call.now):
        return _refresh_v1(call, account)
    forced = call.body.get("force") is True
    fresh = _next_at(call, account) is not None and not forced
    if not fresh:
        _capture_later(call, account)
    body = {
        "account_id": account.id,
        "platform": account.platform,
        "status": "refreshed" if fresh else "scrape_queued",
        "analytics_version": "v2",
    }
    return envelopes.wrapped(body)


def _refresh_v1(call: Call, account: Account) -> Answer:
    next_at, quota = _next_at(call, account), call.owner.refreshes
    if next_at is not None:
        told = "Analytics were refreshed recently. Please wait before refreshing again."
        raise ApiError(429, "ANALYTICS_COOLDOWN", told, **_wait(call, next_at))
    if quota.used(call.now) >= quota.limit:
        told = "Monthly analytics refresh quota reached."
        raise ApiError(429, "ANALYTICS_QUOTA_EXCEEDED", told, **_quota(call))
    _capture_later(call, account)
    note = "Analytics scrape has been queued. Data will be available shortly."
    return envelopes.wrapped({"account_id": account.id, "status": "scrape_queued", "note": note})


def _next_at(call: Call, account: Account) -> int | None:
    return call.owner.refreshes.next_at(account.id, _window(call, account), call.now)


def _window(call: Call, account: Account) -> int:
    if call.world.is_v1(account, call.now):
        return V1_COOLDOWN
    return CONNECTED_WINDOW if account.connected(call.now) else PUBLIC_WINDOW


def _wait(call: Call, next_at: int | None) -> dict[str, Any]:
    left = 0 if next_at is None else round((next_at - call.now) / HOUR, 2)
    return {
        "next_refresh_at": None if next_at is None else shapes.iso(next_at),
        "hours_remaining": left,
    }


def _generation(call: Call, account: Account) -> dict[str, Any]:
    if call.world.is_v1(account, call.now):
        return _quota(call)
    source = "connected" if account.connected(call.now) else "public"
    return {"source": source, "analytics_version": "v2"}


def _quota(call: Call) -> dict[str, Any]:
    quota = call.owner.refreshes
    return {"monthly_quota": {"limit": quota.limit, "used": quota.used(call.now)}}


def _capture_later(call: Call, account: Account) -> None:
    """The account and its newest posts; `includePosts` false leaves the posts alone."""
    call.owner.refreshes.note(account.id, call.now)
    limit = call.body.get("postLimit", _DEFAULT_POSTS)
    whole = isinstance(limit, int) and not isinstance(limit, bool) and limit >= 0
    if not whole:
        raise ApiError(400, "VALIDATION_ERROR", "postLimit must be an integer", field="postLimit")
    wanted = limit if call.body.get("includePosts", True) else 0
    posts = call.world.posts(account, call.now)[:wanted]
    call.owner.schedule(call.now, account.id, frozenset(post.id for post in posts))

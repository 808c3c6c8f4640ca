"""Refreshing a target: free once per UTC day, a credit after that."""

from sandbox.answers import ApiError
from sandbox.genviral import shapes
from sandbox.genviral.book import Refresh
from sandbox.genviral.call import Call
from sandbox.genviral.envelope import Reply


def start_refresh(call: Call) -> Reply:
    """POST /analytics/targets/{id}/refresh: queued, and done a little later."""
    target, book = call.target(), call.tracker.book
    if any(not one.is_over(call.now) for one in book.of_target(target.id)):
        raise ApiError(409, "analytics_conflict", "A refresh is already running for this target")
    if book.asked_too_often(target.id, call.now):
        # A Retry-After would speak of the whole key; this is about one target.
        raise ApiError(429, "rate_limited", "This target was refreshed too often")
    free = book.is_free(target.id, call.now)
    if not free and book.credits < 1:
        raise ApiError(402, "insufficient_credits", "Insufficient credits for this refresh")
    begun = book.start(target.id, call.now, free=free)
    call.owner.when_refreshed(call.now, lambda at: _end(begun, at))
    told = shapes.refresh(begun, call.workspace_id, call.now)
    return Reply("Analytics refresh queued", {"refresh": told, "wasFree": free})


def get_refresh(call: Call) -> Reply:
    """GET /analytics/refreshes/{id}."""
    found = call.tracker.book.refreshes.get(call.args["id"])
    if found is None:
        raise ApiError(404, "not_found", "Analytics refresh not found")
    found.polls += 1
    return Reply("Analytics refresh retrieved", shapes.refresh(found, call.workspace_id, call.now))


def _end(begun: Refresh, at: int) -> None:
    begun.ends_at = at

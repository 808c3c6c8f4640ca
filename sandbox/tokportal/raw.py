"""Stored snapshots with the upstream provider's JSON. Full plan only; 30 rows at most, no pages.

Order and bounds are not documented: newest first, `from` and `to` both inclusive, both about
the time of capture.
"""

from math import inf

from sandbox.answers import Answer, ApiError
from sandbox.tokportal import envelopes, shapes
from sandbox.tokportal.call import Call
from sandbox.world.captures import Wanted

_SOURCES = ("bundle_social", "apify", "manual")


def list_account_raw(call: Call) -> Answer:
    """GET /analytics/accounts/{id}/raw."""
    call.require("raw")
    wanted = _wanted(call)
    account = call.analysed_account()
    found = call.world.find_account_snapshots(account, call.now, wanted)
    return envelopes.rows([shapes.account_raw_row(account, snapshot) for snapshot in found])


def list_post_raw(call: Call) -> Answer:
    """GET /analytics/posts/{id}/raw: also of a post that has left the listings."""
    call.require("raw")
    wanted = _wanted(call)
    place = call.world.post(call.args["id"], call.now)
    if place is None:
        raise ApiError(
            404, "VIDEO_ANALYTICS_NOT_FOUND", "No analytics data found for this video ID."
        )
    found = call.world.find_post_snapshots(*place, call.now, wanted)
    return envelopes.rows([shapes.post_raw_row(*place, snapshot) for snapshot in found])


def _wanted(call: Call) -> Wanted:
    source = call.query.choice("source", _SOURCES, "") or None
    limit = call.query.integer("limit", 5, 1, 30)
    first, last = call.query.window()
    return Wanted(-inf if first is None else first, inf if last is None else last, source, limit)

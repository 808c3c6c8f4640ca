"""Stored snapshots with the upstream provider's JSON. Full plan only; 30 rows at most, no pages.

Order and bounds are not documented: newest first, `from` and `to` both inclusive, both about
the time of capture. In the later dialect oldest first (of the same newest rows), and exclusive.
"""

from math import ceil, floor, inf

from sandbox.answers import Answer
from sandbox.tokportal import envelopes, shapes
from sandbox.tokportal.call import Call, no_video_analytics
from sandbox.world.captures import Wanted

_SOURCES = ("bundle_social", "apify", "manual")


def list_account_raw(call: Call) -> Answer:
    """GET /analytics/accounts/{id}/raw."""
    call.require("raw")
    wanted = _wanted(call)
    account = call.analysed_account()
    found = call.world.find_account_snapshots(account, call.now, wanted)
    return _rows(call, [shapes.account_raw_row(account, snapshot) for snapshot in found])


def list_post_raw(call: Call) -> Answer:
    """GET /analytics/posts/{id}/raw: also of a post that has left the listings."""
    call.require("raw")
    wanted = _wanted(call)
    place = call.world.post(call.args["id"], call.now)
    if place is None or call.world.is_v1(place[0], call.now):
        raise no_video_analytics()
    found = call.world.find_post_snapshots(*place, call.now, wanted)
    return _rows(call, [shapes.post_raw_row(*place, snapshot) for snapshot in found])


def _rows(call: Call, found: list[shapes.Json]) -> Answer:
    return envelopes.rows(found[::-1] if call.later else found)


def _wanted(call: Call) -> Wanted:
    source = call.query.choice("source", _SOURCES, "") or None
    limit = call.query.integer("limit", 5, 1, 30)
    first, last = _exclusive(call) if call.later else call.query.window()
    return Wanted(-inf if first is None else first, inf if last is None else last, source, limit)


def _exclusive(call: Call) -> tuple[float | None, float | None]:
    """The window without its bounds, in whole seconds; a bare `to` date ends at its midnight."""
    first, last = call.query.moment("from"), call.query.moment("to")
    return (
        None if first is None else floor(first) + 1,
        None if last is None else ceil(last) - 1,
    )

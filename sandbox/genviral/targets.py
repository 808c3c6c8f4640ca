"""Targets: the list, one of them with its profile, and other scopes that have some."""

from sandbox.genviral import shapes
from sandbox.genviral.call import Call
from sandbox.genviral.envelope import Reply
from sandbox.genviral.shapes import Json
from sandbox.genviral.target import Target
from sandbox.genviral.tracker import Day
from sandbox.world.chance import uuid_of

_TOP = 5


def list_targets(call: Call) -> Reply:
    """GET /analytics/targets: all of the key's scope, without pages."""
    found = [_whole(call, target) for target in call.tracker.targets(call.now)]
    data = {"workspace_id": call.workspace_id, "targets": found}
    return Reply("Analytics targets retrieved", data)


def get_target(call: Call) -> Reply:
    """GET /analytics/targets/{id}: the only documented place with figures of the profile."""
    target = call.target()
    data = {"target": _whole(call, target), "summary": _summary(call, target)}
    return Reply("Analytics target retrieved", data)


def list_suggestions(call: Call) -> Reply:
    """GET /analytics/workspace-suggestions: one other scope, whose rows need another key."""
    other = uuid_of(call.owner.world.seed, "genviral other workspace")
    row = {"scope": "workspace", "workspace_id": other, "name": "Second team", "targets": 3}
    return Reply("Workspace suggestions retrieved", [row])


def _whole(call: Call, target: Target) -> Json:
    refreshed = call.tracker.last_refresh(target, call.now)
    return {
        **shapes.brief_target(target, free=call.tracker.book.is_free(target.id, call.now)),
        "user_id": call.user_id,
        "workspace_id": call.workspace_id,
        "normalized_identifier": target.normalized_identifier,
        "last_refreshed_at": shapes.iso_or_none(refreshed),
        "metadata": {"favorite": target.favorite},
        "last_snapshot": _snapshot(call, target, refreshed),
    }


def _snapshot(call: Call, target: Target, refreshed: int | None) -> Json | None:
    totals = call.tracker.totals(target, call.now)
    if refreshed is None or totals is None:
        return None
    return shapes.snapshot(refreshed, totals, call.tracker.count(target, call.now))


def _summary(call: Call, target: Target) -> Json:
    totals = call.tracker.totals(target, call.now)
    return {
        "profile": {
            "followers": totals["followers"] if totals else None,
            "following": None,
            "display_name": target.display_name,
            "avatar_url": target.avatar_url,
        },
        "totals": {name: totals[name] for name in ("views", "likes")} if totals else {},
        "timeline": [_day(day) for day in call.tracker.days(target, call.now)[-30:]],
        "top_posts": _top(call, target),
        "refresh": _newest_refresh(call, target),
    }


def _day(day: Day) -> Json:
    names = ("views", "likes", "comments", "shares")
    return {"date": shapes.iso_day(day.day), **{name: getattr(day, name) for name in names}}


def _top(call: Call, target: Target) -> list[Json]:
    rows = sorted(call.tracker.rows(target, call.now), key=lambda row: row.views or 0)
    return [shapes.analytics_row(target, row) for row in reversed(rows[-_TOP:])]


def _newest_refresh(call: Call, target: Target) -> Json | None:
    asked = call.tracker.book.of_target(target.id)
    return shapes.refresh(asked[-1], call.workspace_id, call.now) if asked else None

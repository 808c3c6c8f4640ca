"""The later dialect: the same answers where the documentation leaves the shape open.

Names are the later ones of those that a reader must know, payloads of undocumented shape are
under `data` with their rows one level deeper, times have offsets, some counters are text, and
there are fields nobody has heard of. What is documented to the letter stays: the pages of
lists, the fields of the older paths. Nothing in `raw` is touched, and no id changes.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from sandbox.answers import JSON_TYPE, Answer
from sandbox.tokportal.moments import respelled
from sandbox.world.chance import digest

Json = dict[str, Any]
Names = Mapping[str, str]

_HEADER: Final[Names] = {
    "id": "account_id",
    "username": "handle",
    "display_name": "visible_name",
    "workspace_id": "workspace",
}
_DASHBOARD_HEADER: Final[Names] = {**_HEADER, "id": "saved_account_id"}
_LATEST: Final[Names] = {
    "captured_at": "snapshot_at",
    "followers": "followers_count",
    "following": "following_count",
    "views": "total_views",
    "bookmarks": "saves",
    "posts_count": "total_videos_tracked",
}
_ACCOUNT_RAW: Final[Names] = {**_LATEST, "id": "snapshot_id", "captured_at": "created_at"}
_POST: Final[Names] = {
    "tracked_post_id": "id",
    "platform_post_id": "provider_post_id",
    "url": "permalink",
    "description": "caption",
    "published_at": "posted_at",
    "duration_seconds": "duration",
}
_COUNTERS: Final[tuple[str, ...]] = (
    *("captured_at", "source", "views", "likes", "comments", "shares", "bookmarks"),
    *("impressions", "reach", "engagement_rate"),
)
_METRICS: Final[Names] = {"captured_at": "scraped_at", "bookmarks": "saves"}
_COMMENT: Final[Names] = {
    "id": "comment_id",
    "parent_comment_id": "parent_id",
    "text": "content",
    "likes": "like_count",
    "reply_count": "replies_count",
    "published_at": "posted_at",
}
_BUCKET_NAMES: Final = (("label", "share"), ("name", "percent"), ("bucket", "count"))
_AS_TEXT: Final = frozenset({"shares", "saves", "total_videos_tracked", "like_count"})
_EXTRA: Final[Json] = {"hook_score": 0.5, "_links": {"self": None}, "labels": []}


def spoken(template: str, answer: Answer) -> Answer:
    """An answer as this dialect says it; refusals and what is not JSON stay."""
    if answer.status >= 300 or not answer.body or answer.content_type != JSON_TYPE:
        return answer
    said = _WAYS.get(template, _documented)(orjson.loads(answer.body))
    return Answer(answer.status, orjson.dumps(respelled(said)), headers=answer.headers)


def _documented(body: Json) -> Json:
    """Shape and names are published; only unknown fields are added to rows."""
    if isinstance(body.get("data"), list):
        return {**body, "data": [_more(row) for row in body["data"]]}
    return body


def _dashboard(body: Json) -> Json:
    accounts = [_renamed(row, _DASHBOARD_HEADER) for row in body["accounts"]]
    posts = [_flat_post(row) for row in body["top_posts"]]
    audience = _demographics(body["audience"], 0)
    return {"data": {**body, "accounts": accounts, "top_posts": posts, "audience": audience}}


def _drilldown(body: Json) -> Json:
    return {"data": _drilled(body)}


def _drilled(body: Json) -> Json:
    account_id = body["account"]["id"]
    said = {
        **body,
        "account": _more(_renamed(body["account"], _HEADER)),
        "latest": _latest(body["latest"]),
        "posts": [_nested_post(row) for row in body["posts"]],
    }
    if "daily_series" in body:
        said["daily_series"] = _days(body["daily_series"], long=_coin(account_id))
    if body.get("demographics"):
        said["demographics"] = _demographics(body["demographics"], digest(account_id)[0])
    return said


def _compat(body: Json) -> Json:
    data = body["data"]
    if "analytics_v2" not in data:
        return body
    return {"data": {**data, "analytics_v2": _drilled(data["analytics_v2"])}}


def _video(row: Json) -> Json:
    newer = row.get("analytics_v2")
    return _more({**row, "analytics_v2": _nested_post(newer)} if newer else row)


def _videos(body: Json) -> Json:
    return {**body, "data": [_video(row) for row in body["data"]]}


def _one_video(body: Json) -> Json:
    return {"data": _video(body["data"])}


def _account_raw(body: Json) -> Json:
    rows = [_texts(_renamed(row, _ACCOUNT_RAW)) for row in body["data"]]
    return {"data": {"snapshots": rows, "count": len(rows)}}


def _post_raw(body: Json) -> Json:
    rows = [
        _texts({**_renamed(row, {"bookmarks": "saves"}), "post": _renamed(row["post"], _POST)})
        for row in body["data"]
    ]
    return {"data": {"snapshots": rows, "count": len(rows)}}


def _comments(body: Json) -> Json:
    return {"data": {"comments": [_comment(row) for row in body["data"]]}}


def _pulse(body: Json) -> Json:
    return {"data": {**body, "comments": [_comment(row) for row in body["comments"]]}}


def _series(body: Json) -> Json:
    points = body.pop("points")
    return {"data": {**body, "rows": points, "time_zone": "UTC"}}


def _under_data(body: Json) -> Json:
    return {"data": _more(body)}


def _rows_under_data(body: Json) -> Json:
    return {"data": {"rows": [_more(row) for row in body["data"]]}}


def _bundles(body: Json) -> Json:
    rows = [_bundle(row) for row in body["data"]]
    return {**body, "data": rows}


def _bundle(row: Json) -> Json:
    """`type` is what older pages call it."""
    return {**_renamed(row, {"bundle_type": "type"}), "is_api_bundle": True, "creator_id": None}


def _one_bundle(body: Json) -> Json:
    return {"data": _bundle(body["data"])}


def _bundle_videos(body: Json) -> Json:
    """`tiktok_url` is what older pages call it, whatever the platform."""
    rows = [_more(_renamed(row, {"platform_url": "tiktok_url"})) for row in body["data"]]
    return {"data": {"rows": rows}}


_WAYS: Final[Mapping[str, Callable[[Json], Json]]] = {
    "/accounts/{id}/analytics": _compat,
    "/accounts/{id}/analytics/videos": _videos,
    "/accounts/{id}/bundles": _bundles,
    "/analytics": _dashboard,
    "/analytics/accounts/{id}": _drilldown,
    "/analytics/accounts/{id}/comments": _comments,
    "/analytics/accounts/{id}/raw": _account_raw,
    "/analytics/comments": _pulse,
    "/analytics/contract": _under_data,
    "/analytics/export/reports": _under_data,
    "/analytics/posts/{id}/raw": _post_raw,
    "/analytics/series": _series,
    "/bundles": _bundles,
    "/bundles/{id}": _one_bundle,
    "/bundles/{id}/videos": _bundle_videos,
    "/countries": _rows_under_data,
    "/platforms": _rows_under_data,
    "/videos/{id}/analytics": _one_video,
}


def _latest(row: Json) -> Json:
    return _texts(_renamed(row, _LATEST))


def _flat_post(row: Json) -> Json:
    """Counters beside the rest."""
    return _more(_texts(_renamed(row, {**_POST, "bookmarks": "saves"})))


def _nested_post(row: Json) -> Json:
    """Counters under `metrics`."""
    about = {name: value for name, value in row.items() if name not in _COUNTERS}
    metrics = {name: row[name] for name in _COUNTERS if name in row}
    return {**_more(_renamed(about, _POST)), "metrics": _texts(_renamed(metrics, _METRICS))}


def _comment(row: Json) -> Json:
    author = row.pop("author_username")
    return _more({**_texts(_renamed(row, _COMMENT)), "author": {"username": author}})


def _days(points: list[Json], *, long: bool) -> list[Json]:
    """One row per day, or one per day and metric."""
    if not long:
        return [_renamed(point, {"date": "captured_on"}) for point in points]
    return [
        {"date": point["date"], "metric": name, "value": value}
        for point in points
        for name, value in point.items()
        if name != "date"
    ]


def _demographics(shares: Json, choice: int) -> Json:
    key, value = _BUCKET_NAMES[choice % len(_BUCKET_NAMES)]
    return {
        name: [{key: one["key"], value: one["value"]} for one in buckets]
        if isinstance(buckets, list)
        else buckets
        for name, buckets in shares.items()
    }


def _renamed(row: Json, names: Names) -> Json:
    return {names.get(name, name): value for name, value in row.items()}


def _texts(row: Json) -> Json:
    """Some whole numbers as text."""
    return {
        name: str(value) if name in _AS_TEXT and isinstance(value, int) else value
        for name, value in row.items()
    }


def _more(row: Json) -> Json:
    return {**row, **_EXTRA}


def _coin(text: str) -> bool:
    return digest("coin", text)[0] % 2 == 0

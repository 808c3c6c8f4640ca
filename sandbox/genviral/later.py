"""The later dialect: the same where the documentation leaves the shape open.

Empty fields are left out, the explicit id is missing as in older copies of the page, times have
offsets, what no page shows the shape of is shorter or wordier, and there are unknown fields.
"""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sandbox.genviral.envelope import Reply
from sandbox.genviral.shapes import Json
from sandbox.world.chance import digest

_DOCUMENTED: Final = (
    *("id", "target_id", "platform", "identifier", "display_name", "free_refresh_available"),
)
_TIMES: Final = frozenset({"publishedAt", "renews_at"})
_EXTRA: Final[Json] = {"hookScore": 0.5, "_links": {"self": None}, "labels": []}


def spoken(template: str, reply: Reply) -> Reply:
    """A success as this dialect says it."""
    said = _WAYS.get(template, lambda data: data)(reply.data)
    return Reply(f"{reply.message} successfully", _respelled(said))


def _posts(data: Json) -> Json:
    return {**data, "posts": [_row(row) for row in data["posts"]], "nextOffset": None}


def _row(row: Json) -> Json:
    said = {name: value for name, value in row.items() if value is not None}
    del said["analyticsId"]
    if "durationSeconds" in said:
        said["durationSeconds"] = float(said["durationSeconds"])
    metrics = {name: value for name, value in row["metrics"].items() if value is not None}
    return {**said, "metrics": metrics, **_EXTRA}


def _summary(data: Json) -> Json:
    rates = [{"date": one["date"], "engagementRate": one["value"]} for one in _series(data)]
    acts = [
        {name: value for name, value in one.items() if name != "views"}
        for one in data["interactionSeries"]
    ]
    return {**data, "interactionSeries": acts, "engagementSeries": rates}


def _series(data: Json) -> list[Json]:
    found: list[Json] = data["engagementSeries"]
    return found


def _targets(data: Json) -> Json:
    rows = [{name: row[name] for name in _DOCUMENTED} for row in data["targets"]]
    return {**data, "targets": rows}


def _target(data: Json) -> Json:
    target = data["target"]
    newest = target["last_snapshot"] and _as_text(target["last_snapshot"])
    summary = {**data["summary"], "top_posts": [_row(row) for row in data["summary"]["top_posts"]]}
    return {"target": {**target, "last_snapshot": newest, **_EXTRA}, "summary": summary}


def _accounts(data: Json) -> Json:
    can: Json = {"capabilities": {"video": True, "slideshow": True, "max_seconds": 600}}
    rows = [{**row, **can} for row in data["accounts"]]
    return {"workspace_id": data["workspace_id"], "accounts": rows}


def _created_list(data: Json) -> Json:
    return {**data, "posts": [_created(row) for row in data["posts"]]}


def _created(row: Json) -> Json:
    said = {name: value for name, value in row.items() if value is not None}
    states = [
        {name: value for name, value in one.items() if value is not None}
        for one in row["accounts"]["states"]
    ]
    return {**said, "accounts": {**row["accounts"], "states": states}, **_EXTRA}


def _subscription(data: Json) -> Json:
    plan = data["subscription"]
    return {**data, "subscription": {**plan, "credits": _as_text(plan["credits"])}}


def _as_text(row: Json) -> Json:
    """Numbers of a shape that no page shows."""
    return {name: str(v) if isinstance(v, int) else v for name, v in row.items()}


def _respelled(tree: Any, name: str = "") -> Any:
    if isinstance(tree, dict):
        return {key: _respelled(value, key) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_respelled(item, name) for item in tree]
    timed = name in _TIMES or name.endswith("_at")
    return _moment(tree) if timed and isinstance(tree, str) else tree


@lru_cache(maxsize=65_536)
def _moment(text: str) -> str:
    """The same moment always looks the same."""
    moment = datetime.fromisoformat(text)
    luck = digest("genviral moment", text)[0] % 3
    if luck == 0:
        return moment.isoformat()
    return moment.isoformat(timespec="milliseconds") if luck == 1 else f"{text[:19]}Z"


_WAYS: Final[dict[str, Callable[[Any], Any]]] = {
    "/analytics/summary/posts": _posts,
    "/analytics/summary": _summary,
    "/analytics/targets": _targets,
    "/analytics/targets/{id}": _target,
    "/accounts": _accounts,
    "/posts": _created_list,
    "/posts/{id}": _created,
    "/subscription": _subscription,
}

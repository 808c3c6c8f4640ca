"""The later dialect: the same said in other words where the pages leave the shape open.

Documented shapes stay. Optional fields are absent where they are null, times have offsets, the
numbers of `meta` are text, and there are fields nobody has heard of.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from sandbox.answers import Answer

Json = dict[str, Any]

_MOMENTS: Final[tuple[str, ...]] = ("published_at", "created_at", "updated_at")
_EXTRA: Final[Json] = {"language": None, "labels": [], "_links": {"self": None}}


def spoken(template: str, answer: Answer) -> Answer:
    """An answer as this dialect says it."""
    body = orjson.loads(answer.body)
    if answer.status >= 400:
        said = {"error": {**body["error"], "details": None}, "data": None}
    else:
        said = _WAYS.get(template, _rows)(body)
    return Answer(answer.status, orjson.dumps(said), headers=answer.headers)


def _rows(body: Json) -> Json:
    data = body["data"]
    return {**body, "data": [_row(row) for row in data] if isinstance(data, list) else _row(data)}


def _paged(body: Json) -> Json:
    """`meta` in text; the null that ends the pages is documented."""
    meta = {
        name: str(value) if isinstance(value, int) else value
        for name, value in body["meta"].items()
    }
    return {**_rows(body), "meta": meta}


def _campaign_posts(body: Json) -> Json:
    """One page; the creator with @."""
    rows = [{**_row(row), "creator_handle": f"@{row['creator_handle']}"} for row in body["data"]]
    return {"data": rows, "meta": {"total": len(rows)}}


def _as_it_is(body: Json) -> Json:
    return body


_WAYS: Final[Mapping[str, Callable[[Json], Json]]] = {
    "/campaigns/{id}/influencers": _paged,
    "/campaigns/{id}/metrics": _as_it_is,
    "/campaigns/{id}/posts": _campaign_posts,
    "/posts/analyze": _as_it_is,
    "/posts/{id}/comments": _paged,
}


def _row(row: Json) -> Json:
    known = {name: value for name, value in row.items() if value is not None}
    moments = {name: _offset(known[name]) for name in _MOMENTS if name in known}
    return {**known, **moments, **_EXTRA}


def _offset(moment: str) -> str:
    return moment.replace("Z", ".000+00:00" if moment[-2] in "02468" else "+00:00")

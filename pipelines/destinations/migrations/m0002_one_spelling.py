"""Audiences and comment pulses are stored under one spelling, whatever the provider's.

Programs up to 101c9e2 stored these three JSON columns as the provider spells them: buckets as
`key`, `label` or `name`, comments and sampled posts with fields that nobody reads.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

_BUCKETS = ("bucket", "key", "label", "name")
_VALUES = ("value", "share", "percent", "count")
_OF_A_COMMENT = (
    *("comment_id", "tracked_post_id", "parent_comment_id", "author_username"),
    *("text", "likes", "published_at"),
)


def statements(
    query: Callable[..., list[tuple[Any, ...]]],
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for table, column, respell in (
        ("portfolio_snapshots", "audience", _audience),
        ("comment_pulse_snapshots", "comments", _comments),
        ("comment_pulse_snapshots", "sampled_posts", _ids),
    ):
        there = "select 1 from information_schema.tables where table_schema = ? and table_name = ?"
        if not query(there, ["tokportal", table]):
            continue
        where = f'"tokportal"."{table}"'
        sql = f"select tenant, fetched_at, {column} from {where} where {column} is not null"
        for tenant, fetched_at, text in query(sql):
            stored = json.loads(text)
            if (spelled := respell(stored)) != stored:
                yield (
                    f"update {where} set {column} = ? where tenant = ? and fetched_at = ?",
                    (json.dumps(spelled, ensure_ascii=False), tenant, fetched_at),
                )


def _audience(stored: Any) -> Any:
    if not isinstance(stored, dict):
        return stored
    return {
        name: [_bucket(each) for each in value] if isinstance(value, list) else value
        for name, value in stored.items()
    }


def _bucket(stored: Any) -> Any:
    if not isinstance(stored, dict):
        return stored
    return {"bucket": _first(stored, _BUCKETS), "value": _first(stored, _VALUES)}


def _comments(stored: Any) -> Any:
    return [_comment(each) for each in stored] if isinstance(stored, list) else stored


def _comment(stored: Any) -> Any:
    if not isinstance(stored, dict) or "comment_id" in stored or "id" not in stored:
        return stored
    named = stored | {"comment_id": str(stored["id"])}
    named["published_at"] = _moment(stored.get("published_at"))
    return {name: named.get(name) for name in _OF_A_COMMENT}


def _ids(stored: Any) -> Any:
    if not isinstance(stored, list):
        return stored
    return [
        _first(each, ("tracked_post_id", "post_id", "id")) if isinstance(each, dict) else each
        for each in stored
    ]


def _moment(text: Any) -> Any:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return text
    moment = moment.astimezone(UTC) if moment.tzinfo else moment
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _first(stored: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((stored[name] for name in names if stored.get(name) is not None), None)

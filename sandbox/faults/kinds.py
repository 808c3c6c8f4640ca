"""What the faults do to a question or to its answer."""

import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

import orjson

from sandbox.answers import JSON_TYPE, Answer, ApiError
from sandbox.faults import patch
from sandbox.faults.book import Fault
from sandbox.faults.paging import Paging
from sandbox.world.chance import HOUR

_MIB = 1024 * 1024
_HTML = b"<!doctype html><html><head><title>502</title></head><body>Bad gateway</body></html>"


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked up: a fault may change it before it is answered."""

    path: str
    query: str
    now: int


@dataclass(frozen=True, slots=True)
class Shape:
    """What faults must know of a provider's answers.

    `codes` are those of a status from 500 on, and of a lower one, when a fault names none.
    """

    error: Callable[[ApiError], Answer]
    paging: Paging
    null_data: bytes
    codes: tuple[str, str]


def changed_question(fault: Fault, asked: Question, shape: Shape) -> Question:
    """The question as a fault bends it."""
    if fault.kind == "older":
        return replace(asked, now=asked.now - int(fault.options.get("hours", 24) * HOUR))
    if fault.kind == "repeat_page":
        return replace(asked, query=shape.paging.before(asked.query))
    if fault.kind == "shift_page":
        return replace(asked, query=shape.paging.shifted(asked.query, fault.options["by"]))
    return asked


def substitute(fault: Fault, shape: Shape) -> Answer | None:
    """The answer a fault gives instead of the real one, if it is of that sort."""
    make = _SUBSTITUTES.get(fault.kind)
    return make(fault.options, shape) if make else None


def altered(
    fault: Fault,
    answer: Answer,
    asked: Question,
    shape: Shape,
    strangers: Iterable[Mapping[str, str]],
) -> Answer:
    """The real answer as a fault spoils it; `strangers` are the accounts rows can belong to."""
    if fault.kind == "cut_json":
        return replace(answer, body=answer.body[: len(answer.body) // 2])
    if answer.content_type != JSON_TYPE:
        return answer
    if fault.kind == "patch":
        return replace(answer, body=patch.apply(answer.body, fault.options["patches"]))
    if fault.kind in ("empty_rows", "short_rows"):
        return replace(answer, body=_fewer_rows(fault, answer.body))
    if fault.kind == "swap_account":
        return replace(answer, body=_swapped(answer.body, fault.options.get("to"), strangers))
    if fault.kind == "repeat_page":
        return replace(answer, body=_renumbered(answer.body, asked.query, shape))
    return answer


def _status(options: dict[str, Any], shape: Shape) -> Answer:
    status = options.get("status", 500)
    code = options.get("code", shape.codes[status < 500])
    message = options.get("message", "Something went wrong.")
    headers = dict(options.get("headers", {}))
    return shape.error(ApiError(status, code, message, headers, **options.get("details", {})))


def _error_200(options: dict[str, Any], shape: Shape) -> Answer:
    return replace(_status({"status": 500, **options}, shape), status=200)


def _redirect(options: dict[str, Any], shape: Shape) -> Answer:
    location = {"Location": options.get("location", "http://127.0.0.1:9/elsewhere")}
    return Answer(options.get("status", 302), b"", headers=location)


def _gzip_bomb(options: dict[str, Any], shape: Shape) -> Answer:
    return Answer(200, _bomb(options.get("n", 128)), headers={"Content-Encoding": "gzip"})


@lru_cache(maxsize=4)
def _bomb(mebibytes: int) -> bytes:
    """A JSON string of this many MiB, packed a thousandfold."""
    packer = zlib.compressobj(level=9, wbits=31)
    parts = [packer.compress(b'{"data":"')]
    parts += [packer.compress(b"0" * _MIB) for _ in range(mebibytes)]
    return b"".join([*parts, packer.compress(b'"}'), packer.flush()])


def _deep_json(options: dict[str, Any], shape: Shape) -> Answer:
    depth = options.get("depth", 10_000)
    return Answer(200, b'{"data":' + b"[" * depth + b"]" * depth + b"}")


def _replace(options: dict[str, Any], shape: Shape) -> Answer:
    body = options["body"].encode("utf-8", "surrogatepass")
    return Answer(options.get("status", 200), body, headers=dict(options.get("headers", {})))


def _html(options: dict[str, Any], shape: Shape) -> Answer:
    return Answer(options.get("status", 200), _HTML, "text/html; charset=utf-8")


_SUBSTITUTES: Final[dict[str, Callable[[dict[str, Any], Shape], Answer]]] = {
    "status": _status,
    "empty_object": lambda options, shape: Answer(200, b"{}"),
    "html": _html,
    "error_200": _error_200,
    "null_data": lambda options, shape: Answer(200, shape.null_data),
    "redirect": _redirect,
    "gzip_bomb": _gzip_bomb,
    "deep_json": _deep_json,
    "replace": _replace,
}


def _renumbered(body: bytes, query: str, shape: Shape) -> bytes:
    """The page that is repeated says the number that was asked."""
    tree = orjson.loads(body)
    shape.paging.renumber(tree, query)
    return orjson.dumps(tree)


def _fewer_rows(fault: Fault, body: bytes) -> bytes:
    """No rows, or the first half; totals stay unless the fault's `total` says otherwise."""
    tree = orjson.loads(body)
    for container, name in list(patch.row_lists(tree)):
        rows = container[name]
        container[name] = rows[: len(rows) // 2] if fault.kind == "short_rows" else []
    if "total" in fault.options:
        _claim_total(tree, fault.options["total"])
    return orjson.dumps(tree)


def _claim_total(tree: Any, total: int) -> None:
    """Another total, where this answer has one."""
    if isinstance(tree.get("pagination"), dict):
        size = tree["pagination"]["per_page"]
        tree["pagination"] |= {"total": total, "total_pages": -(-total // size)}
    for within, name in (("data", "totalCount"), ("meta", "total")):
        if isinstance(tree.get(within), dict) and name in tree[within]:
            tree[within][name] = total


def _swapped(body: bytes, other: str | None, strangers: Iterable[Mapping[str, str]]) -> bytes:
    """Every row, and the header, claims to be another account's."""
    tree = orjson.loads(body)
    _claim(tree, _stranger(body, strangers) if other is None else _named(other, strangers))
    return orjson.dumps(tree)


def _stranger(body: bytes, strangers: Iterable[Mapping[str, str]]) -> Mapping[str, str]:
    """The first account that this answer is not about."""
    seen: Mapping[str, str] = {}
    for seen in strangers:
        if not any(value.encode() in body for value in seen.values()):
            return seen
    return dict.fromkeys(seen, "somebody-else")


def _named(other: str, strangers: Iterable[Mapping[str, str]]) -> Mapping[str, str]:
    return dict.fromkeys(next(iter(strangers), {}), other)


def _claim(tree: Any, other: Mapping[str, str]) -> None:
    if isinstance(tree, list):
        for item in tree:
            _claim(item, other)
    elif isinstance(tree, dict):
        for name in tree.keys() & other.keys():
            tree[name] = other[name]
        if isinstance(tree.get("account"), dict) and "id" in tree["account"]:
            tree["account"]["id"] = other.get("account.id", tree["account"]["id"])
        for value in tree.values():
            _claim(value, other)

"""What the faults do to a question or to its answer."""

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import orjson

from sandbox.answers import JSON_TYPE, Answer, ApiError, error_answer
from sandbox.faults import patch
from sandbox.faults.book import Fault
from sandbox.world.chance import HOUR

_MIB = 1024 * 1024
_HTML = b"<!doctype html><html><head><title>502</title></head><body>Bad gateway</body></html>"


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked up: a fault may change it before it is answered."""

    path: str
    query: str
    now: int


def changed_question(fault: Fault, asked: Question) -> Question:
    """The question as a fault bends it."""
    if fault.kind == "older":
        return replace(asked, now=asked.now - int(fault.options.get("hours", 24) * HOUR))
    if fault.kind == "repeat_page":
        return replace(asked, query=_page_before(asked.query))
    return asked


def substitute(fault: Fault) -> Answer | None:
    """The answer a fault gives instead of the real one, if it is of that sort."""
    make = _SUBSTITUTES.get(fault.kind)
    return make(fault.options) if make else None


def altered(fault: Fault, answer: Answer, asked: Question, account_ids: Iterable[str]) -> Answer:
    """The real answer as a fault spoils it; `account_ids` are those of the portfolio."""
    if fault.kind == "cut_json":
        return replace(answer, body=answer.body[: len(answer.body) // 2])
    if answer.content_type != JSON_TYPE:
        return answer
    if fault.kind == "patch":
        return replace(answer, body=patch.apply(answer.body, fault.options["patches"]))
    if fault.kind in ("empty_rows", "short_rows"):
        return replace(answer, body=_fewer_rows(fault, answer.body))
    if fault.kind == "swap_account":
        return replace(answer, body=_swapped(answer.body, fault.options.get("to"), account_ids))
    if fault.kind == "repeat_page":
        return replace(answer, body=_renumbered(answer.body, asked.query))
    return answer


def _status(options: dict[str, Any]) -> Answer:
    status = options.get("status", 500)
    code = options.get("code", "INTERNAL_ERROR" if status >= 500 else "ERROR")
    message = options.get("message", "Something went wrong.")
    headers = dict(options.get("headers", {}))
    return error_answer(ApiError(status, code, message, headers, **options.get("details", {})))


def _error_200(options: dict[str, Any]) -> Answer:
    return replace(_status({"status": 500, **options}), status=200)


def _redirect(options: dict[str, Any]) -> Answer:
    location = {"Location": options.get("location", "http://127.0.0.1:9/elsewhere")}
    return Answer(options.get("status", 302), b"", headers=location)


def _gzip_bomb(options: dict[str, Any]) -> Answer:
    return Answer(200, _bomb(options.get("n", 128)), headers={"Content-Encoding": "gzip"})


@lru_cache(maxsize=4)
def _bomb(mebibytes: int) -> bytes:
    """A JSON string of this many MiB, packed a thousandfold."""
    packer = zlib.compressobj(level=9, wbits=31)
    parts = [packer.compress(b'{"data":"')]
    parts += [packer.compress(b"0" * _MIB) for _ in range(mebibytes)]
    return b"".join([*parts, packer.compress(b'"}'), packer.flush()])


def _deep_json(options: dict[str, Any]) -> Answer:
    depth = options.get("depth", 10_000)
    return Answer(200, b'{"data":' + b"[" * depth + b"]" * depth + b"}")


def _replace(options: dict[str, Any]) -> Answer:
    body = options["body"].encode("utf-8", "surrogatepass")
    return Answer(options.get("status", 200), body, headers=dict(options.get("headers", {})))


_SUBSTITUTES: Final[dict[str, Callable[[dict[str, Any]], Answer]]] = {
    "status": _status,
    "empty_object": lambda _: Answer(200, b"{}"),
    "html": lambda options: Answer(options.get("status", 200), _HTML, "text/html; charset=utf-8"),
    "error_200": _error_200,
    "null_data": lambda _: Answer(200, b'{"data":null}'),
    "redirect": _redirect,
    "gzip_bomb": _gzip_bomb,
    "deep_json": _deep_json,
    "replace": _replace,
}


def _page(query: str) -> int:
    text = dict(parse_qsl(query)).get("page", "1")
    return int(text) if text.isdigit() else 1


def _page_before(query: str) -> str:
    others = [(key, value) for key, value in parse_qsl(query) if key != "page"]
    return urlencode([*others, ("page", max(1, _page(query) - 1))])


def _renumbered(body: bytes, query: str) -> bytes:
    """The page that is repeated says the number that was asked."""
    tree = orjson.loads(body)
    if isinstance(tree, dict) and "pagination" in tree:
        tree["pagination"]["page"] = _page(query)
    return orjson.dumps(tree)


def _fewer_rows(fault: Fault, body: bytes) -> bytes:
    """No rows, or the first half; totals stay unless the fault's `total` says otherwise."""
    tree = orjson.loads(body)
    for container, name in list(patch.row_lists(tree)):
        rows = container[name]
        container[name] = rows[: len(rows) // 2] if fault.kind == "short_rows" else []
    if "total" in fault.options and isinstance(tree.get("pagination"), dict):
        total, size = fault.options["total"], tree["pagination"]["per_page"]
        tree["pagination"] |= {"total": total, "total_pages": -(-total // size)}
    return orjson.dumps(tree)


def _swapped(body: bytes, other: str | None, account_ids: Iterable[str]) -> bytes:
    """Every row, and the header, claims to be another account's."""
    tree = orjson.loads(body)
    strangers = (one for one in account_ids if one.encode() not in body)
    _claim(tree, other or next(strangers, "somebody-else"))
    return orjson.dumps(tree)


def _claim(tree: Any, other: str) -> None:
    if isinstance(tree, list):
        for item in tree:
            _claim(item, other)
    elif isinstance(tree, dict):
        for name in tree.keys() & {"account_id", "saved_account_id"}:
            tree[name] = other
        if isinstance(tree.get("account"), dict) and "id" in tree["account"]:
            tree["account"]["id"] = other
        for value in tree.values():
            _claim(value, other)

"""How a provider's lists are paged, as far as a fault must know to serve a page twice."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode


@dataclass(frozen=True, slots=True)
class Paging:
    """`before` is the query of the page before; `renumber` lets a page claim another's query;
    `shifted` is the query after so many rows came (or, negative, went) in front of the page.
    """

    before: Callable[[str], str]
    renumber: Callable[[Any, str], None]
    shifted: Callable[[str, int], str]


def skipping(name: str, default_limit: int) -> Paging:
    """Pages by the number of rows to skip, in the parameter of this name, and `limit`."""

    def before(query: str) -> str:
        size = _number(query, "limit", default_limit)
        return _with(query, name, max(0, _number(query, name, 0) - size))

    def shifted(query: str, by: int) -> str:
        skipped = _number(query, name, 0)
        return _with(query, name, max(0, skipped - by)) if skipped else query

    return Paging(before, lambda tree, query: None, shifted)


def _page_before(query: str) -> str:
    return _with(query, "page", max(1, _number(query, "page", 1) - 1))


def _renumber(tree: Any, query: str) -> None:
    if isinstance(tree, dict) and "pagination" in tree:
        tree["pagination"]["page"] = _number(query, "page", 1)


PAGE_NUMBERS: Final = Paging(_page_before, _renumber, lambda query, by: query)


def _number(query: str, name: str, default: int) -> int:
    text = dict(parse_qsl(query)).get(name, "")
    return int(text) if text.isdigit() else default


def _with(query: str, name: str, value: int) -> str:
    others = [(key, text) for key, text in parse_qsl(query) if key != name]
    return urlencode([*others, (name, value)])

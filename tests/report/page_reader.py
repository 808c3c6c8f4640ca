"""What stands on a report page: its tables, queries, figures in sentences, links and names."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "link", "br", "hr", "img", "input"}


@dataclass
class Page:
    """`tables`: cells by the query's name, None for what nobody said; `queries`: its SQL."""

    tables: dict[str, list[list[str | None]]] = field(default_factory=dict)
    queries: dict[str, str] = field(default_factory=dict)
    told: dict[str, set[str]] = field(default_factory=dict)
    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    text: str = ""

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def read(html: str) -> Page:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == [], f"never closed: {reader.open}"
    return reader.page


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page, self.open = Page(), []
        self.figure, self.in_query = "", False

    def handle_startendtag(self, tag, attrs):
        self.page.tags.append((tag, dict(attrs)))

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.page.tags.append((tag, attributes))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "article":
            self.figure = attributes["id"]
            self.page.told[self.figure] = set()
        elif tag == "table":
            assert attributes["data-query"] == self.figure
            self.page.tables[self.figure] = []
        elif tag == "pre":
            self.in_query, self.page.queries[self.figure] = True, ""
        self._value(tag, attributes)

    def _value(self, tag, attributes):
        if tag == "data":
            self.page.told[self.figure].add(attributes["value"])
        elif tag == "tr":
            self.page.tables[self.figure].append([])
        elif tag == "td":
            value = None if "data-null" in attributes else attributes["data-value"]
            self.page.tables[self.figure][-1].append(value)

    def handle_endtag(self, tag):
        assert self.open[-1:] == [tag], f"</{tag}> in {self.open[-3:]}"
        self.open.pop()
        if tag == "pre":
            self.in_query = False

    def handle_data(self, data):
        self.page.text += data
        if self.in_query:
            self.page.queries[self.figure] += data


def as_printed(value: Any) -> str | None:
    """A value of the warehouse as the page's cells keep it, reckoned here on its own."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    return repr(value)

"""Walks over lists that hold still, that move, and that contradict themselves."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_server import Asker, Request, answer

from sources.http import pagination
from sources.http.client import HttpClient
from sources.http.errors import BadBody, WalkError
from sources.http.pagination import (
    Listing,
    Page,
    read_page,
    read_whole_list,
    rows_of,
    walk_pages,
)

Row = dict[str, Any]


class Provider:
    """A paged list, and what may be odd about it. `asked` are the page numbers in order."""

    def __init__(self, rows: int, size: int = 10, states: str = "total pages") -> None:
        self.rows: list[Row] = [{"id": str(n)} for n in range(rows)]
        self.size, self.states = size, states
        self.asked: list[int] = []
        self.before: Callable[[int], None] = lambda number: None
        self.answer: Callable[[int, Page], Page] = lambda number, page: page

    async def ask(self, number: int) -> Page:
        self.asked.append(number)
        self.before(number)
        total = len(self.rows)
        page = Page(
            rows=self.rows[(number - 1) * self.size : number * self.size],
            page=number,
            per_page=self.size,
            total=total if "total" in self.states else None,
            total_pages=-(-total // self.size) if "pages" in self.states else None,
        )
        return self.answer(number, page)

    def walk(self) -> Listing:
        return asyncio.run(walk_pages(self.ask, lambda row: row.get("id")))

    def ids(self) -> set[str]:
        return {row["id"] for row in self.rows}


STATED = ["total pages", "total", "pages", ""]


@given(rows=st.integers(0, 60), size=st.integers(1, 25), states=st.sampled_from(STATED))
def test_any_split_into_pages_yields_the_same_rows(rows: int, size: int, states: str) -> None:
    """Whatever the page size, and whatever the provider states about totals."""
    provider = Provider(rows, size, states)

    listing = provider.walk()

    assert set(listing.rows) == provider.ids()
    assert listing.complete
    assert listing.total == (rows if "total" in states else None)


def test_list_of_one_page_costs_one_request() -> None:
    """Nothing can move inside a page."""
    provider = Provider(10)

    assert provider.walk().complete
    assert provider.asked == [1]


def test_longer_list_is_walked_until_two_walks_agree() -> None:
    """No page is asked beyond the last."""
    provider = Provider(25)

    assert provider.walk().complete
    assert provider.asked == [1, 2, 3, 1, 2, 3]


MUTATIONS = st.lists(
    st.tuples(st.integers(1, 12), st.sampled_from(["insert", "delete", "move"]), st.randoms()),
    min_size=1,
    max_size=20,
)


@settings(max_examples=200)
@given(
    rows=st.integers(5, 45),
    states=st.sampled_from(["total pages", "total", "pages", ""]),
    mutations=MUTATIONS,
)
def test_row_that_was_there_all_along_is_never_lost_silently(
    rows: int, states: str, mutations: list[tuple[int, str, random.Random]]
) -> None:
    """Rows come, go and change places while pages are read: all are found, or it is said."""
    provider = Provider(rows, 5, states)
    steady, fresh = provider.ids(), iter(range(1000, 2000))

    def mutate(_: int) -> None:
        for when, kind, chance in mutations:
            if when != len(provider.asked):
                continue
            if kind != "insert" and provider.rows:
                row = provider.rows.pop(chance.randrange(len(provider.rows)))
                if kind == "delete":
                    steady.discard(row["id"])
                    continue
            else:
                row = {"id": str(next(fresh))}
            provider.rows.insert(chance.randint(0, len(provider.rows)), row)

    provider.before = mutate
    listing = provider.walk()

    assert not listing.complete or steady <= set(listing.rows)


@settings(max_examples=50)
@given(st.randoms(), st.integers(11, 40))
def test_ties_in_another_order_each_time_are_never_lost_silently(
    chance: random.Random, rows: int
) -> None:
    """A sort key with ties may order them anew for every request."""
    provider = Provider(rows, 10)
    provider.before = lambda number: chance.shuffle(provider.rows)

    listing = provider.walk()

    assert not listing.complete or set(listing.rows) == provider.ids()


def test_deletion_and_insertion_between_two_pages_are_noticed() -> None:
    """Every total stays right, and yet a row slips over the page border unread."""
    provider = Provider(20)

    def swap(_: int) -> None:
        if len(provider.asked) == 2:
            del provider.rows[0]
            provider.rows.append({"id": "new"})

    provider.before = swap
    listing = provider.walk()

    assert listing.complete
    assert set(listing.rows) == provider.ids()
    assert "10" in listing.rows


def repeated_page(number: int, page: Page) -> Page:
    return Page(page.rows if number == 1 else [{"id": "0"}], number, 10, 45, 5)


def half_empty(number: int, page: Page) -> Page:
    return Page(page.rows[:5], number, 10, 45, 5)


def empty_in_the_middle(number: int, page: Page) -> Page:
    return Page([] if number == 3 else page.rows, number, 10, 45, 5)


def another_page(number: int, page: Page) -> Page:
    return Page(page.rows, 1 if number > 2 else number, 10, 45, 5)


def understated_total(number: int, page: Page) -> Page:
    return Page(page.rows, number, 10, 10, 5)


@pytest.mark.parametrize(
    ("odd", "found", "requests"),
    [
        (repeated_page, 10, 6),
        (half_empty, 25, 18),
        (empty_in_the_middle, 35, 18),
        (another_page, 30, 9),
        (understated_total, 45, 15),
    ],
)
def test_contradiction_is_never_complete(
    odd: Callable[[int, Page], Page], found: int, requests: int
) -> None:
    """What could be read is kept, nothing is concluded from the rest, and the walk ends."""
    provider = Provider(45)
    provider.answer = odd

    listing = provider.walk()

    assert not listing.complete
    assert (len(listing.rows), len(provider.asked)) == (found, requests)


def test_hiccup_in_one_walk_is_mended_by_the_next() -> None:
    """A page that came empty once does not spoil the listing."""
    provider = Provider(45)
    provider.answer = lambda number, page: (
        Page([], number, 10, 45, 5) if len(provider.asked) == 3 else page
    )

    listing = provider.walk()

    assert listing.complete
    assert set(listing.rows) == provider.ids()


@pytest.mark.parametrize("states", ["total", ""])
def test_page_number_past_the_end_may_be_clamped(states: str) -> None:
    """A server that serves its last page for ever, and states no number of pages."""
    provider = Provider(25, 10, states)
    last = provider.rows[20:]
    provider.answer = lambda number, page: (
        page if number < 3 else Page(last, number, 10, page.total, None)
    )

    listing = provider.walk()

    assert listing.complete
    assert len(listing.rows) == 25


@pytest.mark.parametrize("total", [50, None])
def test_server_may_serve_smaller_pages_than_asked(total: int | None) -> None:
    """A hundred asked, twenty served, the number of pages stated for a hundred: none is skipped."""
    provider = Provider(50, 20)
    pages = 1 if total else None
    provider.answer = lambda number, page: Page(page.rows, number, 100, total, pages)

    listing = provider.walk()

    assert listing.complete
    assert len(listing.rows) == 50


def test_list_that_ignores_page_numbers_is_one_page() -> None:
    """A bare list without a word about pages is served whole, again and again."""
    provider = Provider(30, 30, "")
    whole = provider.rows
    provider.answer = lambda number, page: Page(whole, number, 100, None, None)

    listing = provider.walk()

    assert listing.complete
    assert len(listing.rows) == 30


def test_rows_without_an_id_count_and_are_kept_apart() -> None:
    """They are rejected later. The list is read to its end, yet does not tell which id is absent:
    each of them could be it."""
    provider = Provider(25)
    provider.rows[3], provider.rows[17] = {"name": "a"}, {"name": "b"}

    listing = provider.walk()

    assert listing.ended
    assert not listing.complete
    assert listing.nameless == [{"name": "a"}, {"name": "b"}]
    assert len(listing.rows) == 23


@pytest.mark.parametrize("total", ["many", {"value": 2}, -1, 2.5, True])
def test_total_that_cannot_be_read_proves_nothing(total: object) -> None:
    """Something is stated, and it could be another number than that of the rows."""
    body = {"data": [{"id": "a"}, {"id": "b"}], "pagination": {"total": total}}

    listing = read_whole_list(body, body["data"], lambda row: row["id"])

    assert read_page(body, [], 1, 100).total_unread
    assert not listing.complete


@pytest.mark.parametrize("place", ["pagination", "summary", "meta"])
@pytest.mark.parametrize(("total", "complete"), [(2, True), ("2.0", True), (3, False)])
def test_list_of_one_answer_is_compared_with_its_total(
    place: str, total: object, complete: bool
) -> None:
    """Wherever the answer states it; without a total a well-formed list is all there is."""
    rows = [{"id": "a"}, {"id": "b"}]

    for body in ({"data": {"rows": rows, place: {"total": total}}}, {place: {"total": total}}):
        assert read_whole_list(body, rows, lambda row: row["id"]).complete is complete
    assert read_whole_list({"data": rows}, rows, lambda row: row["id"]).complete


@pytest.mark.parametrize("total", [None, 10**9])
def test_list_without_end_is_an_error(monkeypatch: pytest.MonkeyPatch, total: int | None) -> None:
    """New ids for ever: the walk stops as an error of that listing."""
    monkeypatch.setattr(pagination, "MAX_PAGES", 50)
    provider = Provider(0)
    provider.answer = lambda number, page: Page([{"id": str(number)}], number, 10, total, None)

    with pytest.raises(WalkError, match="more than 50 pages"):
        provider.walk()


def test_pages_without_rows_are_not_asked_for_ever() -> None:
    """A total that promises a million rows does not make empty pages worth asking."""
    provider = Provider(0)
    provider.answer = lambda number, page: Page([], number, 10, 10**6, None)

    assert not provider.walk().complete
    assert len(provider.asked) == 30


@pytest.mark.parametrize(
    ("pagination_object", "expected"),
    [
        ({"page": 2, "per_page": 20, "total": 45, "total_pages": 3}, (2, 20, 45, 3)),
        ({"page": "2", "per_page": "20", "total": "45", "total_pages": "3"}, (2, 20, 45, 3)),
        ({"total": 0, "total_pages": 0}, (7, 100, 0, 0)),
        ({"page": 0, "per_page": 0}, (7, 100, None, None)),
        ({"total": -1, "page": None, "per_page": True}, (7, 100, None, None)),
        ({"total": "²", "total_pages": "9" * 5000}, (7, 100, None, None)),
        ({"total": 4.5, "page": [1]}, (7, 100, None, None)),
        ([], (7, 100, None, None)),
        (None, (7, 100, None, None)),
    ],
)
def test_what_a_page_states_is_read_tolerantly(
    pagination_object: object, expected: tuple[int | None, ...]
) -> None:
    """Beside the rows or inside their envelope; what was asked where it is silent or absurd."""
    beside = read_page({"data": [], "pagination": pagination_object}, [], 7, 100)
    inside = read_page({"data": {"pagination": pagination_object}}, [], 7, 100)

    for page in (beside, inside):
        assert (page.page, page.per_page, page.total, page.total_pages) == expected


@pytest.mark.parametrize(
    "body",
    [[1], {"data": [1]}, {"posts": [1]}, {"data": {"posts": [1]}}, {"data": [1], "posts": []}],
)
def test_rows_stand_in_several_places(body: object) -> None:
    """A bare list, under data, or under the name of what is listed."""
    assert rows_of(body, "videos", "posts") == [1]


@pytest.mark.parametrize(
    "body",
    [
        *(None, {}, 3, "x", {"data": None}, {"data": {}}, {"data": {"x": []}}, {"data": "[]"}),
        *({"error": {"code": "X"}}, {"posts": {"a": 1}}),
    ],
)
def test_answer_without_a_list_is_no_empty_list(body: object) -> None:
    """An empty answer is believed only when it is a well-formed empty answer."""
    with pytest.raises(BadBody) as caught:
        rows_of(body, "posts")

    assert caught.value.code == "envelope_invalid"


def test_walk_over_real_http(ask: Asker) -> None:
    """Page by page over a socket, with a server that fails now and then."""
    asked: list[str] = []

    def script(request: Request) -> bytes:
        asked.append(request.target)
        number = int(request.target.rpartition("=")[2])
        if len(asked) % 3 == 0:
            return answer(b"", 503)
        rows = [{"id": str(n)} for n in range((number - 1) * 10, min(number * 10, 35))]
        return answer({"data": rows, "pagination": {"total": 35, "total_pages": 4}})

    listing = ask.with_client(script, _walk)

    assert listing.complete
    assert len(listing.rows) == 35


async def _walk(http: HttpClient) -> Listing:
    async def page(number: int) -> Page:
        return await http.get(
            "/rows",
            [("page", str(number))],
            endpoint="/rows",
            read=lambda body: read_page(body, rows_of(body), number, 10),
        )

    return await walk_pages(page, lambda row: row["id"])

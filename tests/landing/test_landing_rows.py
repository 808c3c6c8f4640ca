"""A provider's row by the declaration of its table."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.landing.payload import dump
from sources.landing.rows import Reader, Reject, Said, first, identifier
from sources.landing.tables import Column, Table, column, ours

NOW = datetime(2026, 5, 28, 9, tzinfo=UTC)
POSTS = Table(
    name="posts",
    grain="one row per post",
    key=("post_id",),
    columns=(
        column("post_id", "text", "Id.", "id"),
        ours("account_id", "text", "Account."),
        Column("views", "bigint", "Views.", ("views", "latest.views", "v2.latest.views")),
        column("caption", "text", "Text."),
        column("day", "date", "Day."),
        column("raw", "json", "Verbatim."),
        ours("seen_at", "timestamp", "Ours."),
    ),
)


def read(raw: Any, **known: Any) -> Said | Reject:
    return Reader(POSTS, "default").read(raw, NOW, {"account_id": "a", **known})


def said(raw: Any, **known: Any) -> Said:
    result = read(raw, **known)
    assert isinstance(result, Said), result
    return result


def test_row_has_every_declared_column_and_nothing_else() -> None:
    """Undeclared fields stay in the payload and never become a name in SQL."""
    raw = {
        "id": 7,
        "views": "12",
        "x; drop table": 1,
        "Views": 3,
        "_dlt_id": "x",
        "day": "2026-05-28",
    }

    row = said(raw).row

    assert row == {
        "tenant": "default",
        "post_id": "7",
        "account_id": "a",
        "views": 12,
        "caption": None,
        "day": date(2026, 5, 28),
        "raw": None,
        "seen_at": None,
        "payload": row["payload"],
        "fetched_at": NOW,
    }
    assert json.loads(row["payload"]) == raw


@pytest.mark.parametrize(
    ("raw", "views", "null"),
    [
        ({"views": 1, "latest": {"views": 2}}, 1, False),
        ({"latest": {"views": 2}}, 2, False),
        ({"v2": {"latest": {"views": 3}}}, 3, False),
        ({"views": None, "latest": {"views": 2}}, 2, False),
        ({"views": 0}, 0, False),
        ({"views": None}, None, True),
        ({"latest": {"views": None}}, None, True),
        ({"latest": None}, None, False),
        ({"latest": [1]}, None, False),
        ({"latest.views": 5}, None, False),
        ({}, None, False),
    ],
)
def test_first_alias_that_says_something_is_read(
    raw: dict[str, Any], views: int | None, null: bool
) -> None:
    """In order of preference; an explicit null is told apart from silence."""
    result = said({"id": "p", **raw})

    assert result.row["views"] == views
    assert ("views" in result.nulls) is null


def test_what_we_know_wins_over_what_the_row_says() -> None:
    """The account that was asked, not the one that the row claims."""
    assert said({"id": "p"}, post_id="ours", seen_at=NOW).row["post_id"] == "ours"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"id": "p", "views": "1.2K"}, "views: the text '1.2K' where a whole number is declared"),
        ({"id": "p", "views": 2**63}, "views: a number beyond 64 bits"),
        ({"id": "p", "caption": {"de": "x"}}, "caption: an object where text is declared"),
        ({"id": "p", "day": "yesterday"}, "day: the text 'yesterday' where a time is declared"),
        ({"views": 1}, "post_id: the key is missing"),
        ({"id": None}, "post_id: the key is missing"),
        ({"id": ""}, "post_id: the key is missing"),
        ({"id": " \t"}, "post_id: the key is missing"),
        ({"id": "p" * 601}, "post_id: a key of more than 600 bytes"),
        ({"id": "a\x00"}, "post_id: the key holds what no database can store"),
        ({"id": "a\ud800"}, "post_id: the key holds what no database can store"),
        (["id"], "not a JSON object"),
        (None, "not a JSON object"),
        ("id", "not a JSON object"),
    ],
)
def test_row_that_cannot_be_typed_is_rejected_with_its_text(raw: Any, reason: str) -> None:
    """Nothing of it lands half; the raw row and the reason are kept."""
    result = read(raw)

    assert isinstance(result, Reject)
    assert (result.table, result.reason) == ("posts", reason)
    assert result.raw == dump(raw)


def test_reject_keeps_no_credentials_and_no_novel() -> None:
    """What goes to sync_rejects is cleaned like a payload, and cut at 100,000 characters."""
    result = read({"password": "hunter2", "caption": "x" * 200_000})

    assert isinstance(result, Reject)
    assert "hunter2" not in result.raw
    assert len(result.raw) == 100_000


def test_text_that_no_database_can_store_is_repaired_and_counted() -> None:
    """U+FFFD in the column, the original escaped in the payload."""
    result = said({"id": "p", "caption": "a\x00b\ud800", "raw": {"t": "\x00"}})

    assert result.row["caption"] == "a\ufffdb\ufffd"
    assert result.repairs == 1
    assert json.loads(result.row["payload"])["caption"] == "a\\u0000b\\ud800"
    assert result.row["raw"] == '{"t":"\\\\u0000"}'


def test_payload_may_be_another_than_the_row() -> None:
    """A row composed of several answers keeps the one that is its own."""
    result = Reader(POSTS, "t").read({"id": "p"}, NOW, keep={"only": "this"})

    assert isinstance(result, Said)
    assert result.row["payload"] == '{"only":"this"}'


@given(
    st.dictionaries(
        st.sampled_from(["id", "views", "latest", "v2", "caption", "day", "raw"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: (
                st.lists(inner) | st.dictionaries(st.sampled_from(["views", "latest"]), inner)
            ),
            max_leaves=6,
        ),
    )
)
def test_any_row_is_typed_or_rejected(raw: dict[str, Any]) -> None:
    """No row of a page can cost another one its place."""
    assert isinstance(read(raw), Said | Reject)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ({"id": "a"}, "a"),
        ({"id": 7}, "7"),
        ({"id": None, "key": "b"}, "b"),
        ({"in": {"id": "c"}}, "c"),
        ({"id": ""}, None),
        ({"id": "  "}, None),
        ({"id": True}, None),
        ({"id": 1.5}, None),
        ({"id": ["a"]}, None),
        ({"id": "a\x00"}, None),
        ({"id": "\ud800"}, None),
        ({}, None),
        ([], None),
        (None, None),
        ("id", None),
    ],
)
def test_identifier_is_text_that_can_be_stored(raw: Any, name: str | None) -> None:
    """Case and spaces inside are the provider's; what cannot be an id is none."""
    assert identifier(raw, "id", "key", "in.id") == name


def test_first_is_the_first_that_holds_something() -> None:
    """False and zero are something, null is not."""
    assert first({"a": None, "b": 0}, "a", "b") == 0
    assert first({"a": {"b": False}}, "x", "a.b") is False
    assert first({}, "a.b.c") is None


@pytest.mark.parametrize("value", [12.5, 12.0, 7.1e18, True, None, " ", {}, []])
def test_what_is_no_id_rejects_its_row(value: Any) -> None:
    """An id that comes as a number with a fraction may have lost digits."""
    result = read({"id": value})

    assert isinstance(result, Reject)
    assert result.reason.startswith("post_id: ")

"""The provider's JSON as text that both databases can hold."""

import json
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.landing.payload import FORBIDDEN_FIELDS, dump, storable

HOSTILE_TEXT = st.text(st.characters() | st.sampled_from("\x00\ud800\udfff\\u0\u202e😀\"'"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | HOSTILE_TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(HOSTILE_TEXT, inner),
    max_leaves=20,
)


@given(VALUES)
def test_any_value_is_valid_and_storable(value: Any) -> None:
    """Strict JSON in text that UTF-8 can write, without NUL in it or in its texts."""
    text = dump(value)

    def no_constant(word: str) -> None:
        raise AssertionError(word)

    parsed = json.loads(text, parse_constant=no_constant)
    assert "\\u0000" not in text.replace("\\\\", "")
    assert "\x00" not in text
    assert text.encode().decode() == text
    assert type(parsed) is type(value) or isinstance(value, float)


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc", min_size=1), inner),
    max_leaves=20,
)


@given(PLAIN)
def test_what_can_be_stored_is_stored_verbatim(value: Any) -> None:
    """Every digit and every character, whichever way it is written."""
    assert json.loads(dump(value)) == value


def test_duckdb_takes_it_as_json() -> None:
    """The worst that a provider may send, cast as a load casts it."""
    worst = {
        "a\x00": "b\ud800",
        "n": [10**400, float("nan"), float("-inf"), 1e308],
        "t": "\u2028\u202e😀",
    }
    for _ in range(60):
        worst = {"deeper": worst}
    with duckdb.connect() as warehouse:
        text = dump(worst)

        row = warehouse.execute("select ?::json::text", [text]).fetchone()

    assert row == (text,)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("a\x00b", '"a\\\\u0000b"'),
        ("\ud83d", '"\\\\ud83d"'),
        ({"k\x00": 1, "\udfff": 2}, '{"k\\\\u0000":1,"\\\\udfff":2}'),
        ([float("nan"), float("inf"), float("-inf"), None], '["NaN","Infinity","-Infinity",null]'),
        (123456789012345678901234567890, "123456789012345678901234567890"),
        ("é😀\u202e", '"é😀\u202e"'),
    ],
)
def test_what_cannot_be_stored_is_kept_visible(said: Any, kept: str) -> None:
    """As the six characters that escape it, or as the word that was written."""
    assert dump(said) == kept


@pytest.mark.parametrize("name", [*sorted(FORBIDDEN_FIELDS), "Password", "SIGNING_SECRET"])
@pytest.mark.parametrize(
    "more", [{}, {"odd": "\ud800"}, {"huge": 10**30}], ids=["fast", "odd", "huge"]
)
def test_credentials_are_dropped_at_any_depth(name: str, more: dict[str, Any]) -> None:
    """In whatever case they are written, whatever else the row holds."""
    row = {"id": 1, name: "hunter2", "list": [{"deep": {name: {"x": "hunter2"}, "y": 2}}]} | more

    kept = json.loads(dump(row))

    assert "hunter2" not in dump(row)
    assert kept["list"] == [{"deep": {"y": 2}}]
    assert kept["id"] == 1


@pytest.mark.parametrize(
    "row",
    [
        {"caption": "password", "field": "signing_secret"},
        {"caption": 'say "password": please', "note": "social_credentials"},
        {"password_changed_at": "2026-05-28", "passwords": 3, "has_password": True},
        {"names": ["password"]},
    ],
)
def test_words_are_no_credentials(row: dict[str, Any]) -> None:
    """Only fields of these very names are dropped."""
    assert json.loads(dump(row)) == row


@pytest.mark.parametrize(
    ("said", "kept"),
    [("a\x00b", "a\ufffdb"), ("\ud800\udfff", "\ufffd\ufffd"), ("a\ufffdb", "a\ufffdb"), ("", "")],
)
def test_text_is_made_storable(said: str, kept: str) -> None:
    """One character for one, and text that needs nothing is the same object."""
    assert storable(said) == kept
    if said == kept:
        assert storable(said) is said

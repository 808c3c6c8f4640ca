"""The CSV of the export: whatever the plan's columns, spelling and quoting, the same rows."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.http.errors import BadBody
from sources.tokportal.export import post_key
from sources.tokportal.sheet import read_sheet

NAMES = ("tracked_post_id", "url", "caption", "views", "published_at")
# Python writes a lone carriage return without the quotes that RFC 4180 asks for.
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20)


def written(names, rows, **dialect):
    """As a spreadsheet would write it."""
    sheet = io.StringIO(newline="")
    writer = csv.writer(sheet, **dialect)
    writer.writerows([names, *rows])
    return sheet.getvalue()


def rows_of(text):
    return [row.said for row in read_sheet(text)[1] if row.problem is None]


@given(
    rows=st.lists(st.lists(CELLS, min_size=5, max_size=5), max_size=8),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\r\n", "\n"]),
    bom=st.booleans(),
    order=st.permutations(range(5)),
)
def test_rows_survive_quoting_bom_line_ends_and_order(rows, quoting, end, bom, order):
    """Commas, quotes, newlines and foreign line separators inside a caption are text."""
    names = [NAMES[place] for place in order]
    turned = [[row[place] for place in order] for row in rows]
    text = "\ufeff" * bom + written(names, turned, quoting=quoting, lineterminator=end)

    expected = [{n: c for n, c in zip(NAMES, row, strict=True) if c != ""} for row in rows]

    assert rows_of(text) == expected


@given(kept=st.sets(st.sampled_from(NAMES), min_size=1))
def test_missing_and_extra_columns_are_no_trouble(kept):
    """Columns depend on the plan: what is there is read, what is new is kept."""
    names = [name for name in NAMES if name in kept]
    text = written([*names, "Hook score"], [["x"] * (len(names) + 1)])

    assert rows_of(text) == [dict.fromkeys([*names, "hook_score"], "x")]


@pytest.mark.parametrize(
    "heading", ["Published At", "published-at", "PUBLISHED_AT", " published at"]
)
def test_headings_are_matched_whatever_their_spelling(heading):
    """Spaces and dashes are underscores, case does not count."""
    assert read_sheet(f"{heading},url\n1,2\n")[0] == ("published_at", "url")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiter_is_the_headers(delimiter):
    """Which one it is, is not documented."""
    text = written(["url", "caption"], [["u", "a, b; c"]], delimiter=delimiter)

    assert rows_of(text) == [{"url": "u", "caption": "a, b; c"}]


@pytest.mark.parametrize("text", ["", "\n", "\ufeff", 'url,caption\nu,"never closed\n'])
def test_text_that_is_no_sheet_is_refused(text):
    """An empty or broken answer is not an empty export."""
    with pytest.raises(BadBody):
        list(read_sheet(text)[1])


def test_header_alone_is_an_empty_export():
    """A well-formed empty answer is believed."""
    assert rows_of("url,caption\r\n") == []


def test_row_of_another_length_is_named_not_shifted():
    """A value under the wrong heading would be worse than a missing row."""
    good, short, long = list(read_sheet("url,views\nu,1\nv\nw,2,3\n")[1])

    assert good.problem is None
    assert short.problem == "1 cells under 2 headings"
    assert long.problem == "3 cells under 2 headings"
    assert "3" in str(long.cells)


def test_column_that_comes_twice_is_read_once():
    """The first one counts."""
    assert rows_of("url,URL,views\na,b,1\n") == [{"url": "a", "url_1": "b", "views": "1"}]


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ({"tracked_post_id": "t", "url": "u"}, "t"),
        ({"url": "u", "platform_post_id": "7"}, "u"),
        ({"platform": "tiktok", "platform_post_id": "7"}, "tiktok/7"),
        ({"caption": "c"}, None),
    ],
)
def test_key_is_the_best_name_that_the_columns_give(said, key):
    """A plan may hide TokPortal's own id."""
    assert post_key(said) == key

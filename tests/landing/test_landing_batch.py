"""The rows of one load, and what is new in them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from sources.landing import outcomes
from sources.landing.batch import Batch
from sources.landing.changes import carried, differs, filled
from sources.landing.held import Stored
from sources.landing.rows import Reader, Reject, Said
from sources.landing.tables import Table, column, ours

NOW = datetime(2026, 5, 28, 9, tzinfo=UTC)
POSTS = Table(
    name="posts",
    grain="one row per post",
    key=("post_id",),
    columns=(
        column("post_id", "text", "Id."),
        column("views", "bigint", "Views."),
        column("rate", "double", "Rate."),
        column("live", "bool", "Live."),
        column("day", "date", "Day."),
        column("captured_at", "timestamp", "When."),
        column("note", "text", "Reference.", erasable=True),
        column("seen", "text", "Not compared.", compared=False),
    ),
)
MARKS = Table(
    name="marks",
    grain="one row per post",
    key=("post_id",),
    columns=(ours("post_id", "text", "Id."), ours("unseen_since", "timestamp", "Oldest.")),
    payload=False,
    kind="index",
)
TABLES = (POSTS, MARKS, *outcomes.TABLES)


def new_batch() -> Batch:
    return Batch("default", "run-1", TABLES)


def post(**fields: Any) -> dict[str, Any]:
    result = Reader(POSTS, "default").read({"post_id": "p", **fields}, NOW)
    assert isinstance(result, Said), result
    return result.row


def said(**fields: Any) -> Said:
    result = Reader(POSTS, "default").read({"post_id": "p", **fields}, NOW)
    assert isinstance(result, Said)
    return result


def mark(unseen_since: datetime | None) -> dict[str, Any]:
    return {"tenant": "default", "post_id": "p", "unseen_since": unseen_since, "fetched_at": NOW}


EARLY, LATE = "2026-05-27T00:00:00Z", "2026-05-28T00:00:00Z"


@pytest.mark.parametrize("turned", [False, True], ids=["old first", "new first"])
def test_newer_observation_wins_in_any_order(turned: bool) -> None:
    """The same key twice in one walk: once in the load, without a figure of the older one."""
    batch = new_batch()
    rows = [post(captured_at=EARLY, views=1, rate=0.5), post(captured_at=LATE, views=2)]

    for row in reversed(rows) if turned else rows:
        batch.put(POSTS, row)

    (row,) = batch.rows(POSTS)
    assert (row["views"], row["rate"], row["captured_at"]) == (2, None, NOW.replace(hour=0))


def test_same_observation_seen_twice_is_completed() -> None:
    """By two accounts, or by two endpoints: what only one of them shows is kept."""
    batch = new_batch()
    batch.put(POSTS, post(captured_at=LATE, views=1, rate=0.5))
    batch.put(POSTS, post(captured_at=LATE, views=1, live=True))

    (row,) = batch.rows(POSTS)
    assert (row["views"], row["rate"], row["live"]) == (1, 0.5, True)


def test_last_word_wins_where_nothing_is_dated() -> None:
    """And keeps what only the first one knew, but for what may be erased."""
    batch = new_batch()
    batch.put(POSTS, post(views=1, rate=0.5, note="gone"))
    batch.put(POSTS, post(views=2, note=None))

    (row,) = batch.rows(POSTS)
    assert (row["views"], row["rate"], row["note"]) == (2, 0.5, None)


def test_rows_of_ours_are_replaced_as_a_whole() -> None:
    """A mark that was cleared stays cleared, or the post would be asked again for nothing."""
    batch = new_batch()
    batch.put(MARKS, mark(NOW))
    batch.put(MARKS, mark(None))

    assert batch.rows(MARKS) == [mark(None)]


def test_piece_is_taken_as_a_whole_or_not_at_all() -> None:
    """Rows of a piece that was not completed are in no load."""
    batch = new_batch()
    done, broken = batch.piece(), batch.piece()
    done.put(POSTS, post(views=1))
    broken.put(POSTS, post(views=2))
    done.put(MARKS, mark(NOW))

    batch.take(done)

    assert [row["views"] for row in batch.rows(POSTS)] == [1]
    assert (len(batch), batch.data_rows(), batch.count("posts")) == (2, 1, 1)


def test_every_table_becomes_arrow_also_an_empty_one() -> None:
    """With the declared types, so that every table exists from the first load on."""
    batch = new_batch()
    batch.put(POSTS, post(views=2**63 - 1, rate=1, live=True, day="2026-05-28", captured_at=LATE))

    tables = batch.arrow(also=[table.name for table in batch.tables.values()])

    assert set(tables) == {table.name for table in TABLES}
    assert tables["sync_errors"].num_rows == 0
    assert tables["sync_errors"].schema == outcomes.SYNC_ERRORS.arrow_schema
    assert tables["posts"].schema.field("captured_at").type == pa.timestamp("us", tz="UTC")
    (row,) = tables["posts"].to_pylist()
    assert (row["views"], row["rate"], row["live"]) == (2**63 - 1, 1.0, True)
    assert (row["day"], row["captured_at"]) == (date(2026, 5, 28), NOW.replace(hour=0))


@pytest.mark.parametrize(("wild", "kept"), [("a\x00b", "a\ufffdb"), ("a\ud800b", "a\ufffdb")])
def test_no_text_can_fail_the_batch(wild: str, kept: str) -> None:
    """Wherever it came from: an error message, an id that was asked."""
    batch = new_batch()
    batch.put(POSTS, post() | {"seen": wild})
    batch.put(POSTS, post() | {"post_id": "other", "seen": None})

    assert batch.arrow()["posts"]["seen"].to_pylist() == [kept, None]


def test_same_reject_again_is_the_same_row() -> None:
    """Asked again, rejected again, counted once; another account's is another."""
    batch = new_batch()
    for account in ("a", "a", "b"):
        batch.reject(Reject("posts", "views: no", '{"id":1}'), account, NOW)

    rows = batch.rows(outcomes.SYNC_REJECTS)
    assert [row["account_id"] for row in rows] == ["a", "b"]
    assert rows[0]["raw"] == '{"id":1}'
    later = Batch("default", "run-2", TABLES)
    later.reject(Reject("posts", "views: no", '{"id":1}'), "a", NOW + timedelta(days=1))
    (again,) = later.rows(outcomes.SYNC_REJECTS)
    assert again["reject_id"] == rows[0]["reject_id"]


def test_repairs_are_rows() -> None:
    """A row that landed with texts made storable is named by its key; others are not."""
    batch = new_batch()
    batch.repaired(POSTS, said(seen="a\x00", note="\ud800"), "a")
    batch.repaired(POSTS, said(seen="fine"), "a")

    (row,) = batch.rows(outcomes.SYNC_REPAIRS)
    assert (row["table_name"], row["row_key"], row["texts"]) == ("posts", "p", 2)


def test_notes_have_an_id_made_of_run_and_parts() -> None:
    """The same note twice in a run is one row."""
    batch = new_batch()
    for stream in ("comments", "comments", "raw"):
        batch.note(outcomes.SYNC_SKIPS, NOW, stream, None, stream=stream, reason="not_in_plan")

    ids = [row["entry_id"] for row in batch.rows(outcomes.SYNC_SKIPS)]
    assert ids == ["run-1:comments:", "run-1:raw:"]


def stored(completed: bool = True, **fields: Any) -> Stored:
    return Stored(post(**fields), completed)


def test_silence_keeps_what_is_stored() -> None:
    """A plan that no longer shows a field does not erase it; an explicit null of most does not."""
    held = stored(views=5, rate=0.5, note="ref")

    row = carried(POSTS, said(views=None, rate=0.7), held)

    assert (row["views"], row["rate"], row["note"]) == (5, 0.7, "ref")


def test_explicit_null_erases_what_may_be_erased() -> None:
    """The customer took the reference away, and the provider says so."""
    row = carried(POSTS, said(note=None), stored(note="ref"))

    assert row["note"] is None


def test_null_is_a_fact_where_the_key_sees_everything() -> None:
    """Not measured this time: an older figure would blur the newer row. Silence still keeps."""
    held = stored(views=5, rate=0.5, note="ref")

    row = carried(POSTS, said(views=None), held, trust_nulls=True)

    assert (row["views"], row["rate"], row["note"]) == (None, 0.5, "ref")


def test_zero_and_false_are_said() -> None:
    """Only null is silence."""
    row = carried(POSTS, said(views=0, live=False, note=""), stored(views=5, live=True, note="x"))

    assert (row["views"], row["live"], row["note"]) == (0, False, "")


def test_carrying_changes_neither_row() -> None:
    """What was said stays what was said."""
    spoken, held = said(views=None), stored(views=5)

    carried(POSTS, spoken, held)

    assert spoken.row["views"] is None
    assert held.row == post(views=5)
    assert carried(POSTS, spoken, None) == spoken.row


@pytest.mark.parametrize(
    ("row", "held", "news"),
    [
        (post(views=1), None, True),
        (post(views=1), stored(views=1), False),
        (post(views=1), stored(completed=False, views=1), True),
        (post(views=2), stored(views=1), True),
        (post(views=None), stored(views=1), True),
        (post(views=1, seen="new"), stored(views=1, seen="old"), False),
        (post(views=1) | {"fetched_at": NOW + timedelta(1)}, stored(views=1), False),
        (post(views=1, extra=1), stored(views=1), False),
        (post(captured_at="2026-05-28T02:00:00+02:00"), stored(captured_at=LATE), False),
    ],
)
def test_row_is_written_when_it_is_news(
    row: dict[str, Any], held: Stored | None, news: bool
) -> None:
    """Unknown, from a load that broke off, or changed in a column that counts."""
    assert differs(POSTS, row, held) is news


def test_gaps_are_filled_from_the_other() -> None:
    """What both say, the first says."""
    assert filled({"a": None, "b": 0}, {"a": 1, "b": 2, "c": 3}) == {"a": 1, "b": 0}


def test_hints_name_the_key_and_the_newest_row() -> None:
    """dlt merges on tenant and key, and of two rows takes the one fetched last."""
    hints = POSTS.dlt_columns()

    assert POSTS.merge_key == ("tenant", "post_id")
    assert [name for name, hint in hints.items() if not hint["nullable"]] == ["tenant", "post_id"]
    assert hints["fetched_at"]["dedup_sort"] == "desc"
    assert list(hints) == POSTS.arrow_schema.names

"""The oracle raises an alarm for every kind of damage, names it, and raises none without damage."""

import shutil

import duckdb
import pyarrow as pa
import pytest

from oracle import Truth, differences, judge
from oracle.mapping import TABLES

KEPT = {"accounts", "tracked_posts"}  # with a removed_at
EXTRA = {"_dlt_load_id": "1", "fetched_at": 0}


@pytest.fixture(scope="module")
def truth(new_sandbox):
    truth = Truth(new_sandbox(accounts=8, posts=40).url)
    truth.observe()
    return truth


@pytest.fixture(scope="module")
def right(truth, tmp_path_factory):
    """A right warehouse, written from the truth itself: the product has no part in it."""
    path = tmp_path_factory.mktemp("oracle") / "right.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema tokportal")
        connection.execute("create table tokportal._dlt_loads as select '1' load_id, 0 status")
        for table in TABLES:
            write(connection, table, truth.of(table))
    return path


@pytest.fixture
def warehouse(right, tmp_path):
    return shutil.copy(right, tmp_path / "warehouse.duckdb")


def write(connection, table, rows):
    extra = EXTRA | ({"removed_at": None} if table in KEPT else {})
    found = pa.Table.from_pylist([row | extra for row in rows])  # read by name in the SQL below
    columns = ", ".join(
        f'make_timestamptz("{name}"::bigint) "{name}"' if name.endswith("_at") else f'"{name}"'
        for name in found.column_names
    )
    connection.execute(f"create table tokportal.{table} as select {columns} from found")


def tamper(warehouse, *statements):
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("set search_path = 'tokportal'")
        for statement in statements:
            connection.execute(statement)


def test_right_warehouse_raises_no_alarm(truth, right):
    assert differences(truth, right) == []
    assert all(truth.rows[table] for table in TABLES), "an empty truth would prove nothing"


@pytest.mark.parametrize("table", TABLES)
def test_deleted_row_is_lost(truth, warehouse, table):
    tamper(warehouse, f"delete from {table} where rowid = (select max(rowid) from {table})")

    verdicts = judge(truth, warehouse)

    assert len(verdicts[table].lost) == 1
    assert sum(len(list(verdict.findings())) for verdict in verdicts.values()) == 1


@pytest.mark.parametrize("table", sorted(TABLES.keys() - {"portfolio_snapshots"}))
def test_repeated_row_is_duplicated(truth, warehouse, table):
    tamper(warehouse, f"insert into {table} select * from {table} where rowid = 0")

    verdict = judge(truth, warehouse)[table]

    assert len(verdict.duplicated) == 1
    assert not verdict.lost


@pytest.mark.parametrize("table", sorted(TABLES.keys() - {"portfolio_snapshots"}))
def test_row_that_was_never_served_is_unexpected(truth, warehouse, table):
    column = next(c for c in TABLES[table][1] if not c.endswith("_at") and c != "date")
    tamper(warehouse, f"update {table} set {column} = 'invented' where rowid = 0")

    verdict = judge(truth, warehouse)[table]

    assert len(verdict.unexpected) == 1
    assert len(verdict.lost) == 1


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("accounts", "country = 'nowhere'"),
        ("accounts", "banned = not banned"),
        ("account_snapshots", "followers = followers + 1"),
        ("tracked_posts", "caption = caption || ' '"),
        ("tracked_posts", "published_at = published_at + interval 1 second"),
        ("post_snapshots", "views = null"),
        ("daily_series", "likes = likes - 1"),
        ("account_raw_snapshots", "raw = '{}'"),
        ("post_raw_snapshots", "raw = replace(raw, '0', '1')"),
        ("post_raw_snapshots", "account_id = 'another'"),
        ("comments", "likes = coalesce(likes, 0) + 1"),
        ("comments", "listing_truncated = not listing_truncated"),
        ("demographics", "value = value + 0.1"),
        ("portfolio_snapshots", "views = views + 1"),
        ("contracts", "name = null"),
    ],
)
def test_altered_cell_is_corrupted(truth, warehouse, table, change):
    """One cell of one row; the finding names the column."""
    column = change.split(" ")[0]
    one = f"(select min(rowid) from {table} where {column} is not null)"
    tamper(warehouse, f"update {table} set {change} where rowid = {one}")

    found = differences(truth, warehouse)

    assert len(found) == 1
    assert found[0].startswith(f"{table}: 1 corrupted: ")
    assert f" {column} is " in found[0]


def test_swapped_cells_are_corrupted_on_both_sides(truth, warehouse):
    """Two posts of one account exchange their views: sums agree, rows do not."""
    tamper(
        warehouse,
        "create temp table two as select tracked_post_id i, views v from tracked_posts"
        " where views > 0 qualify count(*) over (partition by views) = 1 order by i limit 2",
        "update tracked_posts set views = (select v from two where i != tracked_post_id)"
        " where tracked_post_id in (select i from two)",
    )

    assert len(judge(truth, warehouse)["tracked_posts"].corrupted) == 2


def test_swapped_rows_of_two_accounts_are_corrupted(truth, warehouse):
    """A post under another account is a wrong value, though every key is there."""
    tamper(
        warehouse,
        "update tracked_posts set account_id = (select min(account_id) from accounts where"
        " account_id != tracked_posts.account_id) where rowid = 0",
    )

    assert len(judge(truth, warehouse)["tracked_posts"].corrupted) == 1


@pytest.mark.parametrize("table", sorted(KEPT))
def test_listed_row_marked_removed_is_corrupted(truth, warehouse, table):
    tamper(warehouse, f"update {table} set removed_at = now() where rowid = 0")

    assert "is marked removed and is listed" in judge(truth, warehouse)[table].corrupted[0]


def test_row_of_an_unfinished_load_is_named(truth, warehouse):
    """Rows whose load is not recorded as complete are torn, however right they look."""
    tamper(warehouse, "update comments set _dlt_load_id = '2' where rowid = 0")

    assert len(judge(truth, warehouse)["comments"].unfinished) == 1


def test_variant_column_is_named(truth, warehouse):
    tamper(warehouse, "alter table tracked_posts add column views__v_text varchar")

    assert judge(truth, warehouse)["tracked_posts"].corrupted == ["column views__v_text"]


def test_missing_table_is_lost_as_a_whole(truth, warehouse):
    tamper(warehouse, "drop table comments")

    assert len(judge(truth, warehouse)["comments"].lost) == len(truth.rows["comments"])


def test_rows_of_an_earlier_moment_stay_expected(new_sandbox, tmp_path):
    """What is not shown any more stays; what is shown again counts as shown last."""
    sandbox = new_sandbox(accounts=8, posts=40)
    truth = Truth(sandbox.url)
    truth.observe()
    (post, *_) = truth.of("tracked_posts")
    before = {table: set(rows) for table, rows in truth.rows.items()}

    sandbox.edit("delete_post", id=post["tracked_post_id"])
    sandbox.advance(days=30)
    truth.observe()

    kept = {table: before[table] - truth.rows[table].keys() for table in TABLES}
    assert {t: k for t, k in kept.items() if k and t != "portfolio_snapshots"} == {}
    assert (post["tracked_post_id"],) not in truth.shown["tracked_posts"]
    assert len(truth.of("demographics")) > len(truth.shown["demographics"])

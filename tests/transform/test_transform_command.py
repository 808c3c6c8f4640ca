"""`social transform` as a user meets it: what it leaves behind, and what it says."""

import signal
import time

import golden_world
import pytest

from pipelines.destinations.grants import script
from pipelines.transform import run_dbt


@pytest.fixture(scope="module")
def golden(new_marts):
    """The golden world on DuckDB; no mart yet."""
    made = new_marts("duckdb")
    made.write(golden_world.fill)
    return made


def test_no_warehouse_is_said_in_one_line(new_project):
    ran = new_project().social("transform")

    assert ran.code == 6
    assert len(ran.messages) == 1
    assert "social sync" in ran.messages[0]


def test_a_transform_waits_its_turn(golden):
    """Exit 7 naming the holder while another command writes the warehouse."""

    def busy(_):
        golden.ran = golden.transform()

    golden.write(busy)

    assert golden.ran.code == 7
    assert "run golden" in golden.ran.stderr


@pytest.mark.slow
def test_what_is_wrong_is_told_and_the_marts_are_built(golden):
    """An orphan is a finding (exit 8) with its name; a profile of the user's is not read; nothing
    is written but the warehouse and what dbt parsed; and the next command finds it mended."""
    home = golden.project.folder / "home"
    (home / ".dbt").mkdir()
    (home / ".dbt" / "profiles.yml").write_text("social: {outputs: {}}")
    golden.write(lambda warehouse: golden_world.put(warehouse, "tracked_posts", [ORPHAN]))

    ran = golden.transform()

    assert ran.code == 8, ran.stderr
    assert "relationships_dim_post_account_key" in ran.messages[0]
    assert golden.query("select count(*) from dim_post") == [(len(golden_world.VIEWS) + 2,)]
    assert sorted(file.name for file in home.rglob("*")) == [".dbt", "profiles.yml"]
    assert list((golden.project.folder / "tmp").iterdir()) == []

    account = [{"account_id": "nobody"}]
    golden.write(lambda warehouse: golden_world.put(warehouse, "accounts", account))
    assert golden.transform("-s", "dim_account", "-s", "dim_post").code == 0
    assert golden.transform("-s", "no_such_mart").code == 2


ORPHAN = {"tracked_post_id": "X", "account_id": "nobody", "platform": "tiktok"}


@pytest.mark.slow
def test_a_row_deleted_or_renamed_in_the_warehouse_leaves_the_marts(new_marts):
    """As when a post's id changes: increments hold nothing that the tables do not."""
    marts = new_marts("duckdb")
    marts.write(golden_world.fill)
    assert marts.transform().code == 0

    def change(warehouse):
        with warehouse.transaction() as execute:
            for table in ("tracked_posts", "post_snapshots"):
                execute(f"update tokportal.{table} set tracked_post_id = 'A9'" + OF_A1)
            execute("delete from tokportal.post_snapshots where tracked_post_id = 'A3'")
            execute("delete from tokportal.post_snapshots" + DAY_7_OF_A2)
        golden_world.loaded(warehouse, "2")

    marts.write(change)
    assert marts.transform().code == 0
    sql = "select post_key, count(*) from fct_post_day where account_key like '%:A' group by 1"

    assert dict(marts.query(sql)) == {"tokportal:default:A9": 10, "tokportal:default:A2": 6}
    after_the_hole = "select views_delta, days_since_prev_obs from fct_post_day where"
    day_8 = "post_key = 'tokportal:default:A2' and day = date '2026-06-08'"
    assert marts.query(f"{after_the_hole} {day_8}") == [(1090 - 1020, 5)]


OF_A1 = " where tracked_post_id = 'A1'"
DAY_7_OF_A2 = (
    " where tracked_post_id = 'A2' and cast(captured_at at time zone 'UTC' as date) = '2026-06-07'"
)


@pytest.mark.slow
def test_the_loader_may_build_and_the_bi_role_may_read_marts_alone(new_marts, postgres):
    """With the roles of the grants script; neither may do more."""
    marts = new_marts("postgres")
    database = marts.project.url.rsplit("/", 1)[1]
    for statement in (script(["tokportal", "genviral"]), *PASSWORDS):
        postgres.run(statement.replace("PASSWORD", postgres.password), database=database)
    marts.use(postgres.url(database, "social_loader"))
    marts.write(golden_world.fill)

    ran = marts.transform()

    assert ran.code == 0, ran.stderr
    marts.project.url = postgres.url(database, "bi_reader")
    rights = (
        "has_schema_privilege('transform', 'usage'), has_schema_privilege('tokportal', 'usage')"
    )
    assert marts.query("select count(*) > 0 from fct_post_day") == [(True,)]
    assert marts.query(f"select {rights}") == [(False, False)]
    marts.project.url = postgres.url(database)


PASSWORDS = [f"alter role {role} password 'PASSWORD'" for role in ("social_loader", "bi_reader")]


@pytest.mark.slow
def test_the_delta_rules_hold_in_their_smallest_histories(golden, monkeypatch):
    """dbt's own unit tests (transform/models/marts/delta_rules.yml)."""
    assert golden.transform("-s", "+fct_post_day").code in (0, 8)
    with monkeypatch.context() as context:
        for name, value in golden.project.env.items():
            context.setenv(name, value)
        told = run_dbt(golden.place, ["test", "--select", "test_type:unit"])

    assert [(name, why) for name, why in told.broken] == []
    assert told.tests == 7


@pytest.mark.slow
def test_a_build_that_was_killed_is_done_again(golden):
    """Also where nothing was loaded since: half of the marts may be of one build, half of another.
    Nothing of dbt's own making is left among them."""
    golden.transform()
    whole = golden.transform("--full-refresh")
    running = golden.project.start("transform", "--full-refresh")
    time.sleep(whole.seconds * 0.7)
    running.signal(signal.SIGKILL)
    running.wait()

    again = golden.transform("--json")
    idle = golden.transform("--json")

    assert again.result["unchanged"] is False
    assert again.result["models"] > 15
    assert idle.result["unchanged"] is True
    names = "select table_name from information_schema.tables where table_name like '%dbt%'"
    assert golden.query(names) == []

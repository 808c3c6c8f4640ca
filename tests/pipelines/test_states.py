"""Old states of a pipeline are deleted; what is kept are the newest hundred that count."""

import pytest

from pipelines.destinations import DuckDB
from pipelines.destinations.address import Address
from pipelines.destinations.postgres import Postgres
from pipelines.lock import Holder
from pipelines.state import prune_states, state_sizes


@pytest.fixture(params=["duckdb", "postgres"])
def warehouse(request, tmp_path):
    if request.param == "duckdb":
        place = DuckDB(tmp_path / "warehouse.duckdb")
    else:
        server = request.getfixturevalue("postgres")
        place = Postgres(Address.parse(server.new_database()))
    with place.writing(Holder()) as opened:
        opened.prepare("tokportal", [])
        yield opened


def put_state(warehouse, pipeline, load_id, *, completed):
    with warehouse.transaction() as execute:
        execute(
            "insert into tokportal._dlt_pipeline_state values (1, 1, ?, 'state', now(), 'h', ?, ?)",
            [pipeline, load_id, f"{pipeline}{load_id}"],
        )
        if completed:
            execute(
                "insert into tokportal._dlt_loads values (?, 'tokportal', 0, now(), 'h')", [load_id]
            )


def test_the_newest_hundred_that_count_are_kept(warehouse):
    """Loads that did not complete are none of the hundred, and another pipeline's are not touched:
    a run of failures may not push out the last good state."""
    for number in range(1000, 1130):
        put_state(warehouse, "mine", f"{number}.0", completed=True)
    for number in range(1130, 1240):
        put_state(warehouse, "mine", f"{number}.0", completed=False)
    put_state(warehouse, "another", "0999.0", completed=True)

    prune_states(warehouse, "tokportal", "mine")

    another, mine = state_sizes(warehouse, "tokportal")
    sql = "select min(_dlt_load_id) from tokportal._dlt_pipeline_state where pipeline_name = ?"
    assert (another["kept"], mine["kept"]) == (1, 100 + 110)
    assert warehouse.query(sql, ["mine"]) == [("1030.0",)]
    assert mine["bytes"] == len("state")

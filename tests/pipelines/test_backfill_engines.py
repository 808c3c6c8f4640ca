"""A backfill brings the same rows to Postgres as to DuckDB, by one worker or by two in turn."""

import pytest
from backfilled import LATE
from oracle.dump import dump

RANGE = ("backfill", "--json", "--since", "2026-04-10", "--until", "2026-06-01", "--chunk", "25d")
# References are mapped once an hour by the first worker, from what the others have loaded by then.
OTHERWISE = ("clients", "sync_")


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=8, posts=40, days=45)


@pytest.fixture(scope="module")
def right(new_project, sandbox):
    """What it makes of a DuckDB file."""
    return filled(new_project(sandbox, **LATE), [()])


def filled(project, workers):
    """Rows by table after a late sync and a backfill of every worker."""
    words = (("sync", "--json", "-s", "tokportal"), RANGE)
    ended = [project.social(*said, *worker).code for said in words for worker in workers]
    assert set(ended) == {0}
    rows = dump(project.url or project.warehouse)
    return {table: rows[table] for table in rows if not table.startswith(OTHERWISE)}


@pytest.mark.slow
@pytest.mark.parametrize("workers", [[()], [("--shard", "0/2"), ("--shard", "1/2")]])
def test_postgres_holds_the_same(new_project, sandbox, postgres, right, workers):
    """Line by line, what was remembered of the chunks too."""
    held = filled(new_project(sandbox, postgres=postgres, **LATE), workers)

    assert held.keys() == right.keys()
    assert [table for table in right if held[table] != right[table]] == []
    assert len(right["backfill_chunks"]) > 20

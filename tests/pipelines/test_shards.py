"""Several workers at once on Postgres: every row once, whatever the moment they begin."""

import pytest
from oracle.dump import dump

from sources.extraction.shards import Shard

SHARDS = 8
REPETITIONS = 10


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=8, posts=40)


@pytest.fixture(scope="module")
def right(new_project, sandbox):
    """What one worker makes of it."""
    project = new_project(sandbox)
    assert project.sync("-s", "tokportal").code == 0
    return dump(project.warehouse)


def missing(project, right):
    """Rows of one worker's sync that several did not write, and the other way round."""
    held = dump(project.url)
    differ = {t: set(rows) ^ set(held[t]) for t, rows in right.items() if not t.startswith("sync_")}
    return {table: len(rows) for table, rows in differ.items() if rows}


def repeated(project):
    """Tables in which a key comes twice; the unique indexes should make that impossible."""
    return [line for line in project.social("verify").stdout.splitlines() if "keys" in line]


def at_once(project, count=SHARDS):
    running = [
        project.start("sync", "--json", "-s", "tokportal", "--shard", f"{index}/{count}")
        for index in range(count)
    ]
    return [one.wait() for one in running]


def test_every_account_has_one_shard():
    accounts = [f"account-{number}" for number in range(1000)]
    shards = [Shard(index, 7) for index in range(7)]

    assert all(sum(shard.mine(account) for shard in shards) == 1 for account in accounts)
    assert min(sum(map(shard.mine, accounts)) for shard in shards) > 100


def test_an_account_keeps_its_shard():
    """The hash is written into warehouses: it may never change."""
    assert [Shard(i, 8).mine("9f3a2c11-0000-4000-8000-000000000001") for i in range(8)].index(
        True
    ) == KEPT


KEPT = 1


@pytest.mark.slow
def test_two_workers_hold_together_what_one_does(new_project, sandbox, postgres, right):
    """At once, in an empty database; status shows both, and another number of shards is refused."""
    project = new_project(sandbox, postgres=postgres)

    ended = at_once(project, 2)

    other, none = project.social("sync", "--shard", "0/3"), project.social("sync")
    status = project.social("status", "--json").result["providers"]["tokportal"]
    assert [ran.code for ran in ended] == [0, 0], [ran.stderr for ran in ended]
    assert missing(project, right) == {}
    assert [shard["shard"] for shard in status["shards"]] == ["0/2", "1/2"]
    assert len(status["states"]) == 2
    assert (other.code, none.code) == (2, 2)
    assert "2 shards" in other.stderr
    assert "2 shards" in none.stderr


@pytest.mark.chaos
@pytest.mark.parametrize("repetition", range(REPETITIONS))
def test_eight_workers_at_once(new_project, sandbox, postgres, right, repetition):
    """A first run ever and a second one: every row, or an error and every row after it."""
    project = new_project(sandbox, postgres=postgres)

    first, second = at_once(project), at_once(project)

    failed = [ran.stderr for ran in (*first, *second) if ran.code]
    assert [ran.code for ran in second] == [0] * SHARDS, failed
    assert missing(project, right) == {}
    assert repeated(project) == []
    if failed:
        pytest.fail(f"healed by the second run, but an error: {failed}")

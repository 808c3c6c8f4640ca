"""Ledgers that grow with every run are pruned; what is known of a stream stays."""

import pytest

ENGINES = ("duckdb", "postgres")
COUNT = "select count(*) from sync_completeness"
NEWEST = (
    "select tenant, account_id, stream, status, max(fetched_at) from sync_completeness"
    " group by 1, 2, 3, 4 order by 1, 2, 3, 4"
)


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=4, posts=12, days=20)


@pytest.mark.parametrize("engine", ENGINES)
def test_old_rows_go_and_the_newest_of_each_stream_stay(new_project, sandbox, request, engine):
    server = request.getfixturevalue("postgres") if engine == "postgres" else None
    project = new_project(sandbox, postgres=server)
    select = ("-s", "tokportal")
    for _ in range(3):
        assert project.sync(*select).code == 0
        sandbox.advance(days=1)
    all_of_them = project.query(COUNT)[0][0]
    proofs = {row[:4] for row in project.query(NEWEST)}

    sandbox.advance(days=91)
    account = sandbox.accounts()[-1]
    assert project.sync(*select, "--accounts", account).code == 0

    left = project.query(NEWEST)
    assert proofs <= {row[:4] for row in left}
    assert project.query(COUNT)[0][0] < all_of_them
    others = f"select count(*) from sync_completeness where account_id <> '{account}'"
    streams = (
        f"select count(*) from (select distinct account_id, stream, status from"
        f" sync_completeness where account_id <> '{account}') d"
    )
    assert project.query(others) == project.query(streams)
    assert project.social("verify").code == 0


def test_the_days_are_a_setting(new_project, sandbox):
    project = new_project(sandbox, RETENTION__COMPLETENESS_DAYS="365")
    assert project.sync().code == 0
    before = project.query(COUNT)[0][0]
    sandbox.advance(days=120)

    assert project.sync().code == 0
    assert project.query(COUNT)[0][0] > before

    assert project.social("sync", RETENTION__COMPLETENESS_DAYS="soon").code == 2

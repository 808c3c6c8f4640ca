"""Posts that change their ids: the marts follow without being told."""

import pytest

ENGINES = ("duckdb", pytest.param("postgres", marks=pytest.mark.slow))
ORPHANS = """
    select count(*) from {mart} f where not exists (
        select 1 from dim_post p where p.post_key = f.post_key)"""


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=4, posts=24, days=8, v1_accounts=1)


def first_generation(sandbox):
    for account in sandbox.get("/accounts")["data"]:
        totals = sandbox.get(f"/accounts/{account['id']}/analytics").get("data", {})
        if totals and "analytics_version" not in totals and totals["total_videos_tracked"]:
            return account["id"]
    raise AssertionError("no account of the first generation in this world")


@pytest.mark.parametrize("engine", ENGINES)
def test_marts_hold_no_post_under_its_old_id(new_marts, sandbox, engine):
    """On a plan without raw rows too: rows keep their loads, and increments look at loads."""
    marts = new_marts(engine, sandbox, SOCIAL_NO_TRANSFORM="")
    without_raw = ("-x", "tokportal.post_raw_snapshots,tokportal.account_raw_snapshots")
    account = first_generation(sandbox)
    assert marts.project.sync(*without_raw).code == 0
    assert marts.query("select count(*) > 0 from fct_post_snapshot where post_key like '%:va_%'")
    sandbox.edit("move_to_v2", account_id=account)
    sandbox.advance(days=1)

    assert marts.project.sync(*without_raw).code == 0

    for mart in ("fct_post_snapshot", "fct_post_day"):
        assert marts.query(f"select count(*) from {mart} where post_key like '%:va_%'") == [(0,)]
        assert marts.query(ORPHANS.format(mart=mart)) == [(0,)]
    assert marts.transform().code == 0

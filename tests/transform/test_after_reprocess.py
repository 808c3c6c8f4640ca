"""What `social reprocess` typed anew is in the marts after a plain `social transform`."""

import pytest

ENGINES = ("duckdb", "postgres")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=8, posts=80, days=10)


@pytest.mark.parametrize("engine", ENGINES)
def test_rows_typed_anew_under_the_load_they_came_with_reach_the_marts(new_marts, sandbox, engine):
    """Comments that an older declaration did not read: the increment would not look at them."""
    marts = new_marts(engine, sandbox)
    assert marts.project.sync().code == 0
    unread = "update tokportal.comments set text = null, likes = null"
    marts.write(lambda warehouse: _execute(warehouse, unread))
    assert marts.transform("--json").result["models"] > 15
    assert marts.query("select count(comment_text) from fct_comment") == [(0,)]

    assert marts.project.social("reprocess", "-s", "tokportal.comments").code == 0
    built = marts.transform("--json")

    assert (built.code, built.result["unchanged"]) == (0, False)
    told = "select count(comment_text), sum(likes) from fct_comment"
    landed = "select count(text), sum(likes) from tokportal.comments"
    assert marts.query(told) == marts.query(landed)
    assert marts.query("select count(comment_text) > 20 from fct_comment") == [(True,)]
    again = marts.project.social("reprocess", "-s", "tokportal.comments")
    assert again.code == 0
    assert marts.transform("--json").result["unchanged"] is True


def _execute(warehouse, sql):
    with warehouse.transaction() as execute:
        execute(sql)

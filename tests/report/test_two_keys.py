"""Two keys that see the same accounts: marts and report are those of one key."""

import pytest
from page_reader import read

pytestmark = pytest.mark.slow

# These say which key read what, and when.
OF_A_KEY = {"ops_runs", "ops_freshness", "ops_completeness"}
OF_A_RUN = {"fetched_at", "load_id", "newest_load_id", "first_seen_at", "last_seen_at"}
DAYS = ("--since", "2026-05-01", "--until", "2026-05-15")


def marts_of(project):
    names = "select table_name, column_name from information_schema.columns"
    columns = {}
    for table, column in sorted(project.query(f"{names} where table_schema = 'marts'")):
        if table not in OF_A_KEY and column not in OF_A_RUN:
            columns.setdefault(table, []).append(column)
    return {
        table: sorted(map(_comparable, project.query(f"select {', '.join(found)} from {table}")))
        for table, found in columns.items()
    }


def _comparable(row):
    return repr([f"{value:.9g}" if isinstance(value, float) else value for value in row])


@pytest.fixture(scope="module")
def projects(new_sandbox, new_project):
    """With one key, and with a second one of the same organisation."""
    sandbox = new_sandbox(accounts=6, posts=40, days=40)
    second = {"SOURCES__TOKPORTAL__KEYS__SECOND__API_KEY": f"{sandbox.key()}_second"}
    made = [
        new_project(sandbox, schema="marts", SOCIAL_NO_TRANSFORM="", **more)
        for more in ({}, second)
    ]
    for project in made:
        assert project.sync().code == 0
    return made


def test_marts_and_report_of_two_keys_are_those_of_one(projects):
    one, two = projects
    tenants = "select count(distinct tenant) from tokportal.tracked_posts"
    assert (one.query(tenants), two.query(tenants)) == ([(1,)], [(2,)])

    assert marts_of(two) == marts_of(one)

    pages = []
    for project in projects:
        path = project.folder / "page.html"
        assert project.social("report", "-o", str(path), *DAYS).code == 0
        pages.append(read(path.read_text()).tables)
    of_a_key = {"freshness", "runs"}
    assert set(pages[0]) == set(pages[1]) > of_a_key
    for name in set(pages[0]) - of_a_key:
        assert pages[1][name] == pages[0][name], name

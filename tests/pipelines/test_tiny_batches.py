"""No promise hangs on all rows being in one batch: with tiny ones the warehouse is the same.

Three providers, two tenants each, in one warehouse; a batch has one account, 20 rows or a second.
"""

import shutil

import duckdb
import pytest
from oracle import Truth, differences
from oracle.dump import dump, without_moments

PROVIDERS = ("tokportal", "genviral", "tokfluence")
TENANTS = ("default", "b")
TINY = {"SYNC__BATCH_ROWS": "20", "SYNC__BATCH_ACCOUNTS": "1", "SYNC__BATCH_SECONDS": "1"}
SETTINGS = {
    "SOURCES__TOKFLUENCE__POSTS_FROM": "tokportal",
    "SOURCES__GENVIRAL__FULL_REREAD_DAYS": "0",
    "SOCIAL_EXCLUDE": "tokfluence.comments",  # thousands, even in a world of a dozen posts
}
CLIENTS = '[[clients]]\npattern = "*"\nclient = "Everybody"\ncampaign = "{1}"\n'
# The wallet of the key, from which all projects pay; the salt, which is each warehouse's own.
OF_ITS_PROJECT = {"credit_ledger", "privacy_rules"}


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=4, posts=16, days=8, tenants=2)


@pytest.fixture(scope="module")
def make(new_project, sandbox):
    """Makes projects with a second key for each provider."""

    def make_one(server=None, **env):
        project = new_project(sandbox, providers=PROVIDERS, postgres=server, **SETTINGS, **env)
        for provider, key in {
            "tokportal": f"sk_sandbox_full_b_{project.canary}",
            "genviral": f"gva_sandbox_b.{project.canary}",
            "tokfluence": f"tkf_sandbox_b_{project.canary}",
        }.items():
            project.env[f"SOURCES__{provider}__KEYS__B__API_KEY".upper()] = key
        (project.folder / ".dlt" / "clients.toml").write_text(CLIENTS)
        return project

    return make_one


def a_day(sandbox, day):
    """What changes before the sync of a day."""
    if day == 1:
        busy = sandbox.account("public")
        posts = sandbox.get(f"/analytics/accounts/{busy}")["posts"]
        sandbox.edit("delete_post", id=posts[0]["tracked_post_id"])
        sandbox.edit("add_post", account_id=busy)
        sandbox.edit("add_account", tenant="b")
    if day:
        sandbox.advance(days=1)


def contents(project):
    where = project.url or project.warehouse
    return {
        f"{provider}.{table}": sorted(map(without_moments, lines))
        for provider in PROVIDERS
        for table, lines in dump(where, provider).items()
        if table not in OF_ITS_PROJECT
    }


def of_tenant(project, tenant):
    """The warehouse with the rows of one tenant alone."""
    copied = shutil.copy(project.warehouse, project.folder / f"{tenant}.duckdb")
    with duckdb.connect(str(copied)) as connection:
        sql = (
            "select schema_name, table_name from duckdb_columns()"
            f" where column_name = 'tenant' and schema_name in {PROVIDERS}"
        )
        for schema, table in connection.execute(sql).fetchall():
            connection.execute(f'delete from {schema}."{table}" where tenant <> ?', [tenant])
    return copied


def observed(sandbox):
    """What each tenant should hold of the providers that tell it."""
    return {
        (provider, tenant): Truth(sandbox.url, provider=provider, tenant=tenant)
        for provider in ("tokportal", "genviral")
        for tenant in TENANTS
    }


def follow(sandbox, projects, days):
    """A sync a day of each project: exit codes, what each holds, and where the last one is not the
    truth."""
    truths, met = observed(sandbox), []
    for day in range(days):
        a_day(sandbox, day)
        codes = [project.sync().code for project in projects]
        wrong = []
        for (_, tenant), truth in truths.items():
            truth.observe()
            if not projects[-1].url:
                wrong += differences(truth, of_tenant(projects[-1], tenant))
        met.append((codes, [contents(project) for project in projects], wrong))
    return met


@pytest.fixture(scope="module")
def days(sandbox, make):
    """Two days of a project with ordinary batches and of one with tiny ones."""
    projects = [make(), make(**TINY)]
    return projects, follow(sandbox, projects, 2)


@pytest.mark.parametrize("day", [0, 1])
def test_tiny_batches_end_in_the_truth(days, day):
    """For each tenant and provider, after the first sync and after a day of changes."""
    _, met = days
    codes, _, wrong = met[day]

    assert codes == [0, 0]
    assert wrong == []


@pytest.mark.parametrize("day", [0, 1])
def test_tiny_batches_hold_what_one_batch_holds(days, day):
    """Every table, the ledgers among them, line by line but for the moments of the readings."""
    _, met = days
    _, (ordinary, tiny), _ = met[day]

    assert ordinary.keys() == tiny.keys()
    assert {table for table in ordinary if ordinary[table] != tiny[table]} == set()


def test_there_were_many_batches(days):
    """Else nothing was shown."""
    (ordinary, tiny), _ = days
    loads = "select count(*) from _dlt_loads"

    assert tiny.query(loads)[0][0] > 4 * ordinary.query(loads)[0][0]


def test_every_reference_has_its_client(days):
    """Also those that came in another batch than the rules were applied in."""
    (_, tiny), _ = days
    tables = ("accounts", "tracked_posts", "bundles", "bundle_videos")
    named = " union ".join(f"select tenant, external_ref from {table}" for table in tables)

    ((references,),) = tiny.query(f"select count(external_ref) from ({named})")

    assert references > 20
    assert tiny.query("select count(client) from clients") == [(references,)]


@pytest.mark.slow
def test_tiny_batches_on_postgres_hold_the_same(days, sandbox, make, postgres):
    """One more day, on both engines, from nothing."""
    met = follow(sandbox, [make(**TINY), make(postgres, **TINY)], 1)
    codes, (in_duckdb, in_postgres), _ = met[0]

    assert codes == [0, 0]
    assert {table for table in in_duckdb if in_duckdb[table] != in_postgres[table]} == set()

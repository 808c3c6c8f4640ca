"""`clients` follows every reference that the warehouse holds, however the rows came into it."""

import dlt
import duckdb
import pytest

from sources import tokportal

RULES = """
[[clients]]
pattern = "acme-*"
client = "Acme"

[[clients]]
pattern = "luna-*"
client = "Luna"
campaign = "{1}"
"""
TINY = {"SYNC__BATCH_ROWS": "20", "SYNC__BATCH_ACCOUNTS": "1"}
REFERENCES = """
    select external_ref from bundles union select external_ref from bundle_videos
    union select external_ref from accounts union select external_ref from tracked_posts"""
RULE = "clients has one row for every external_ref in the warehouse, and no other"


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=6, posts=12, days=2)


def with_rules(project, rules=RULES):
    (project.folder / ".dlt" / "clients.toml").write_text(rules)
    return project


def references(project):
    return {ref for (ref,) in project.query(REFERENCES) if ref is not None}


def clients(project):
    rows = project.query("select external_ref, client, campaign from clients")
    assert len({ref for ref, _, _ in rows}) == len(rows)
    return {ref: (client, campaign) for ref, client, campaign in rows}


def mapped(reference):
    if reference.startswith("acme-"):
        return "Acme", None
    if reference.startswith("luna-"):
        return "Luna", reference.removeprefix("luna-")
    return None, None


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def project(request, sandbox, new_project):
    """One sync in batches of twenty rows, on each engine."""
    server = request.getfixturevalue("postgres") if request.param == "postgres" else None
    project = with_rules(new_project(sandbox, postgres=server, **TINY))
    assert project.sync("-s", "tokportal").code == 0
    return project


def test_every_reference_has_its_client_at_any_batch_size(project):
    """Twenty rows a batch: most references are in a batch that no owner's work is in."""
    assert len(references(project)) > 10
    assert clients(project) == {ref: mapped(ref) for ref in references(project)}


def test_edited_rules_reach_references_of_earlier_runs(project):
    """Nothing else is new; the run says how many rows it wrote, so that the marts are built."""
    with_rules(project, RULES.replace('"Acme"', '"Acme Inc"'))

    ran = project.sync("-s", "tokportal")

    acme = [ref for ref in references(project) if ref.startswith("acme-")]
    assert {clients(project)[ref][0] for ref in acme} == {"Acme Inc"}
    assert ran.result["providers"]["tokportal"]["written"]["clients"] == len(acme)
    with_rules(project)
    assert project.sync("-s", "tokportal.accounts").code == 0  # whatever is selected
    assert clients(project) == {ref: mapped(ref) for ref in references(project)}


def test_references_that_change_or_vanish_are_followed(sandbox, project):
    """A row whose reference is gone from every table would count a client that has nothing."""
    renamed = [{"pointer": "data.0.external_ref", "json": '"luna-other"'}]
    sandbox.fault("patch", "/accounts", patches=renamed)
    assert project.sync("-s", "tokportal").code == 0
    assert clients(project)["luna-other"] == ("Luna", "other")

    sandbox.clear_faults()
    erased = [{"pointer": "data.0.external_ref", "json": "null"}]
    sandbox.fault("patch", "/accounts", patches=erased)
    assert project.sync("-s", "tokportal").code == 0
    assert set(clients(project)) == references(project)
    assert "luna-other" not in references(project)
    sandbox.clear_faults()


@pytest.mark.parametrize(
    "damage",
    [
        "delete from clients where external_ref = (select min(external_ref) from clients)",
        "insert into clients (tenant, external_ref, fetched_at) values ('default', 'x', now())",
    ],
)
def test_verify_names_a_missing_and_an_orphaned_row(sandbox, new_project, project, damage):
    """And the next sync mends it."""
    if project.url:
        project.query(damage)
    else:
        with duckdb.connect(str(project.warehouse)) as connection:
            connection.execute(f"use tokportal; {damage}")

    ran = project.social("verify", "--json")

    assert ran.code == 8
    assert [f["rule"] for f in ran.result["findings"]] == [RULE]
    assert project.sync("-s", "tokportal").code == 0
    assert project.social("verify").code == 0


def test_plain_pipeline_has_them_too(sandbox, tmp_path):
    """Without `social` there is no warehouse to ask: the one batch holds everything."""
    pipeline = dlt.pipeline(
        "plain",
        pipelines_dir=str(tmp_path),
        destination=dlt.destinations.duckdb(str(tmp_path / "plain.duckdb")),
        dataset_name="tokportal",
    )
    source = tokportal.tokportal(sandbox.key(), sandbox.base_url, requests_per_minute=1_000_000)
    pipeline.run(source, loader_file_format="parquet")

    with duckdb.connect(str(tmp_path / "plain.duckdb")) as connection:
        connection.execute("use plain.tokportal")
        held = connection.execute("select external_ref from clients").fetchall()
        wanted = connection.execute(REFERENCES).fetchall()
    assert sorted(held) == sorted(row for row in wanted if row[0] is not None)

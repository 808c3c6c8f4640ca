"""One key configured once per workspace: each tenant holds its own, and can prove it."""

import pytest

BY_ACCOUNT = ("tracked_posts", "daily_series", "bundles", "bundle_videos", "account_bans")


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=6, posts=18, days=4)


@pytest.fixture(scope="module")
def workspaces(sandbox):
    """Accounts by workspace, as the dashboard says; the listing itself says nothing."""
    found = {}
    for account in sandbox.get("/analytics")["accounts"]:
        found.setdefault(account["workspace_id"], set()).add(account["id"])
    assert len(found) == 3
    return found


@pytest.fixture(scope="module")
def project(sandbox, workspaces, new_project):
    """The first two workspaces, and not the third."""
    first, second, _ = sorted(workspaces)
    env = {}
    for label, workspace in (("WS_A", first), ("WS_B", second)):
        env[f"SOURCES__TOKPORTAL__KEYS__{label}__API_KEY"] = sandbox.key()
        env[f"SOURCES__TOKPORTAL__KEYS__{label}__WORKSPACE"] = workspace
    return new_project(sandbox, SOURCES__TOKPORTAL__API_KEY="", **env)


def accounts(project, tenant, table="accounts"):
    rows = project.query(f"select account_id from {table} where tenant = ?", tenant)
    return {account for (account,) in rows}


def test_each_tenant_holds_its_workspace_only(project, workspaces):
    first, second, _ = sorted(workspaces)

    ran = project.sync()

    assert ran.code == 0
    for tenant, workspace in (("ws_a", first), ("ws_b", second)):
        assert accounts(project, tenant) == workspaces[workspace]
        for table in BY_ACCOUNT:
            assert accounts(project, tenant, table) - {None} <= workspaces[workspace]


def test_completeness_is_proven_for_the_workspace(project, workspaces):
    first, second, _ = sorted(workspaces)
    rows = project.query(
        "select tenant, expected, landed, status from sync_completeness where stream = 'accounts'"
    )

    assert set(rows) == {
        ("ws_a", len(workspaces[first]), len(workspaces[first]), "proven"),
        ("ws_b", len(workspaces[second]), len(workspaces[second]), "proven"),
    }
    assert project.social("verify").code == 0
    assert project.social("verify", "--live").code == 0


def test_accounts_of_which_nobody_says_where_they_belong_are_not_guessed(
    project, sandbox, workspaces
):
    """Without the dashboard nothing is removed, nothing is taken, and the run says so."""
    held = accounts(project, "ws_a")
    sandbox.fault("status", "/analytics", status=422)
    try:
        for _ in range(2):
            ran = project.sync()
            assert ran.code == 3
            assert "workspace_unknown" in {error["code"] for error in ran.result["errors"]}
    finally:
        sandbox.clear_faults()

    assert accounts(project, "ws_a") == held
    assert project.query("select count(*) from accounts where removed_at is not null") == [(0,)]

"""Several keys: each its own tenant, rate, cursors and plan; one refused does not stop another."""

import pytest


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=4, posts=40)


def key_setting(label):
    return f"SOURCES__TOKPORTAL__KEYS__{label.upper()}__API_KEY"


def test_each_key_is_a_tenant_of_its_own(new_project, sandbox):
    """The same account seen by two keys is two rows, each with its own plan's view."""
    project = new_project(sandbox)
    env = {key_setting("acme"): f"sk_sandbox_creator_{project.canary}2"}

    ran, idle = project.sync(**env), project.sync(**env)
    tenants = dict(project.query("select tenant, count(*) from accounts group by tenant"))
    raw = project.query("select distinct tenant from post_raw_snapshots")

    assert (ran.code, idle.code) == (0, 0)
    assert tenants == {"default": 4, "acme": 4}
    assert raw == [("default",)]
    assert set(ran.result["providers"]) == {"tokportal", "tokportal.acme"}
    assert all(provider["written"] == {} for provider in idle.result["providers"].values())


def test_one_refused_key_does_not_stop_another(new_project, sandbox):
    """The run says 4 and which key; the other tenant is complete."""
    project = new_project(sandbox)

    ran = project.sync(**{key_setting("gone"): f"nobody_{project.canary}"})

    assert ran.code == 4
    assert project.query("select tenant, count(*) from accounts group by tenant") == [
        ("default", 4)
    ]
    assert "tokportal.gone" in ran.messages[-1]
    assert {error["provider"] for error in ran.result["errors"]} == {"tokportal.gone"}


@pytest.mark.slow
def test_a_key_rotated_while_a_run_goes_on_is_found(new_project, sandbox):
    """A 401 makes the secret be read once more before the provider is given up."""
    project = new_project(sandbox)
    secrets = project.folder / ".dlt" / "secrets.toml"
    old, new = (f"sk_sandbox_full_{project.canary}{n}" for n in ("old", "new"))
    secrets.write_text(f'[sources.tokportal]\napi_key = "{old}"\n')
    secrets.chmod(0o600)
    sandbox.fault("slow", "/accounts", seconds=1.5, times=1)
    running = project.start("sync", "--json", SOURCES__TOKPORTAL__API_KEY="")
    running.wait_until(lambda: sandbox.requests()["total"] >= 2, "the listing is asked")

    secrets.write_text(f'[sources.tokportal]\napi_key = "{new}"\n')
    sandbox.edit("revoke_key", key=old)
    ran = running.wait()
    sandbox.clear_faults()

    assert ran.code == 0
    assert ran.result["errors"] == []


@pytest.mark.slow
def test_the_workspace_of_a_key_is_passed_on(new_project, sandbox):
    """A key that sees several workspaces is asked about one."""
    project = new_project(sandbox)
    sandbox.count_anew()

    project.sync(SOURCES__TOKPORTAL__WORKSPACE="w-1")

    asked = [entry["query"] for entry in sandbox.log() if entry["path"] == "/analytics"]
    assert asked[-1] == "workspace=w-1"

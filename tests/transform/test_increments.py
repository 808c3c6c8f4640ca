"""Marts that grew in daily increments are those that a build from nothing gives, after each of 10
days on which things change, on both engines."""

import pytest

PROVIDERS = ("tokportal", "genviral")
CLIENTS = """
[[clients]]
pattern = "{pattern}"
client = "{client}"
campaign = "spring"
"""
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(
        accounts=9,
        posts=90,
        days=20,
        v1_accounts=1,
        restated_days="1-5",
        genviral_restated_days="2",
    )


@pytest.fixture(scope="module")
def edits(sandbox):
    """What happens before the sync of a day. One account loses its connection by itself."""
    giant, public, quiet, busy = map(sandbox.account, ("giant", "public", "quiet", "busy"))
    post = sandbox.get(f"/analytics/accounts/{giant}")["posts"][0]["tracked_post_id"]
    target = sandbox.control("GET", "/truth/genviral/targets")[0]["target_id"]
    return {
        1: ("restate_day", {"account_id": giant, "date": "2026-05-20", "factor": 1.5}),
        2: ("delete_post", {"id": post}),
        3: ("add_post", {"account_id": busy}),
        4: ("remove_account", {"id": public}),
        5: ("restore_post", {"id": post}),
        6: ("restore_account", {"id": public}),
        7: ("move_to_v2", {"account_id": quiet}),
        8: ("genviral_rename_target", {"target_id": target, "identifier": "@renamed"}),
    }


def write_rules(project, day):
    """From the sixth day on the references belong to others."""
    rule = ("client-*-spring-2026", "client {1}") if day < 5 else ("*-spring-2026*", "all {1}")
    text = CLIENTS.format(pattern=rule[0], client=rule[1])
    (project.folder / ".dlt" / "clients.toml").write_text(text)


def test_increments_are_what_a_build_from_nothing_gives(new_marts, sandbox, edits):
    settings = {"SOURCES__TOKPORTAL__RAW_MAX_LAG_DAYS": "3"}
    grown = [
        new_marts(engine, sandbox, providers=PROVIDERS, **settings)
        for engine in ("duckdb", "postgres")
    ]
    anew = new_marts("duckdb", sandbox, providers=PROVIDERS, **settings)
    for day in range(10):
        if day:
            sandbox.advance(days=1)
            if day in edits:
                operation, fields = edits[day]
                sandbox.edit(operation, **fields)
        for marts in (*grown, anew):
            write_rules(marts.project, day)
            assert marts.project.sync().code == 0
        assert anew.transform("--full-refresh").code == 0
        expected = anew.everything()
        for marts in grown:
            assert marts.transform().code == 0
            found = marts.everything()
            assert [name for name in expected if found[name] != expected[name]] == [], day

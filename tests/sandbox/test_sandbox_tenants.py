"""Several owners behind several keys, and workspaces within one owner."""

from dataclasses import replace

import pytest
from sandbox_client import SMALL, Client


@pytest.fixture
def two(launch) -> Client:
    return launch(replace(SMALL, tenants=2))


def test_a_label_owns_a_world_of_its_own(two):
    mine = {row["id"] for row in two.pages("/accounts")}
    theirs = {row["id"] for row in two.get("/accounts", key="sk_sandbox_full_b").json()["data"]}

    assert mine.isdisjoint(theirs)
    assert theirs == {row["account_id"] for row in two.truth("accounts", tenant="b")}
    for key in ("sk_sandbox_creator_b", "sk_sandbox_full_b_second"):
        assert {row["id"] for row in two.get("/accounts", key=key).json()["data"]} == theirs
    other = two.get("/accounts", key="sk_sandbox_full_elsewhere").json()["data"]
    assert {row["id"] for row in other} == mine


def test_an_account_of_somebody_else_is_refused(two):
    theirs = two.truth("accounts", tenant="b")[0]["account_id"]

    answer = two.get(f"/accounts/{theirs}")

    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "SAVED_ACCOUNT_NOT_OWNED"


def test_edits_and_webhooks_belong_to_one_owner(two):
    account = two.truth("accounts", tenant="b")[0]["account_id"]
    added = two.edit("add_post", account_id=account, tenant="b")["id"]
    two.send("POST", "/webhooks", {"url": "http://127.0.0.1:9/"}, key="sk_sandbox_full_b")

    found = {row["tracked_post_id"] for row in two.truth("tracked_posts", tenant="b")}
    assert added in found
    assert len(two.pages("/webhooks")) == 1
    assert len(two.get("/webhooks", key="sk_sandbox_full_b").json()["data"]) == 2


def test_one_key_can_fail_alone(two):
    two.edit("revoke_key", key="sk_sandbox_full_b")

    assert two.get("/me", key="sk_sandbox_full_b").status_code == 401
    assert two.get("/me").status_code == 200


def test_a_workspace_is_a_part_of_the_portfolio(served):
    workspaces = {row["workspace_id"] for row in served.truth("accounts")}
    parts = [served.json("/analytics", workspace=one)["totals"] for one in workspaces]

    assert len(workspaces) == 3
    whole = served.json("/analytics")["totals"]
    for name in ("account_count", "tracked_posts", "post_views", "views"):
        assert sum(part[name] for part in parts) == whole[name]

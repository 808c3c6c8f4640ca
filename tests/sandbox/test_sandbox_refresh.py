"""Refreshing on demand: dedupe windows, cooldown, quota, and when a new capture shows."""

import time
from dataclasses import replace

import pytest
from sandbox_client import SMALL, Client

BOTH_PATHS = ("/accounts/{}/analytics/refresh", "/analytics/accounts/{}/refresh")


@pytest.mark.parametrize("path", BOTH_PATHS)
def test_a_refresh_shows_a_new_capture_a_little_later(sandbox, path):
    account = sandbox.account_id("busy")
    before = sandbox.json(f"/analytics/accounts/{account}")

    answer = sandbox.send("POST", path.format(account), {}).json()["data"]

    assert answer["status"] == "scrape_queued"
    assert answer["analytics_version"] == "v2"
    assert sandbox.json(f"/analytics/accounts/{account}") == before
    sandbox.advance(hours=1 / 60)
    after = sandbox.json(f"/analytics/accounts/{account}")
    assert after["latest"]["captured_at"] == "2026-05-28T09:00:30Z"
    assert sum(row["captured_at"] == "2026-05-28T09:00:30Z" for row in after["posts"]) == 20
    rows = sandbox.json(f"/analytics/accounts/{account}/raw")["data"]
    assert rows[0]["captured_at"] == after["latest"]["captured_at"]
    truth = sandbox.truth("account_raw_snapshots", account_id=account)
    assert rows[0]["id"] in {row["snapshot_id"] for row in truth}


def test_posts_can_be_left_alone(sandbox):
    account = sandbox.account_id("busy")
    before = sandbox.json(f"/analytics/accounts/{account}")
    sandbox.send("POST", BOTH_PATHS[0].format(account), {"includePosts": False})
    sandbox.advance(hours=1 / 60)

    after = sandbox.json(f"/analytics/accounts/{account}")

    assert after["latest"] != before["latest"]
    assert after["posts"] == before["posts"]


@pytest.mark.parametrize(
    ("kind", "source", "hours"), [("busy", "connected", 6), ("public", "public", 24)]
)
def test_repeated_requests_are_deduplicated_by_source(sandbox, kind, source, hours):
    account = sandbox.account_id(kind)
    path, check = BOTH_PATHS[0].format(account), f"/accounts/{account}/analytics/can-refresh"
    assert sandbox.json(check)["data"] == {
        "account_id": account,
        "can_refresh": True,
        "next_refresh_at": None,
        "hours_remaining": 0,
        "source": source,
        "analytics_version": "v2",
    }
    sandbox.send("POST", path, {})

    again = sandbox.send("POST", path, {}).json()["data"]

    state = sandbox.json(check)["data"]
    assert again["status"] == "refreshed"
    assert (state["can_refresh"], state["hours_remaining"]) == (False, hours)
    assert sandbox.send("POST", path, {"force": True}).json()["data"]["status"] == "scrape_queued"
    sandbox.advance(hours)
    assert sandbox.json(check)["data"]["can_refresh"]


def test_a_refresh_can_take_real_time(launch):
    sandbox: Client = launch(replace(SMALL, refresh_real_seconds=0.3))
    account = sandbox.account_id("busy")
    before = sandbox.json(f"/analytics/accounts/{account}")["latest"]
    sandbox.send("POST", BOTH_PATHS[0].format(account), {})
    assert sandbox.json(f"/analytics/accounts/{account}")["latest"] == before

    time.sleep(0.5)

    latest = sandbox.json(f"/analytics/accounts/{account}")["latest"]
    assert latest["captured_at"] == "2026-05-28T09:00:00Z"


def test_the_first_refresh_of_an_empty_account_gives_it_analytics(sandbox):
    account = sandbox.account_id("empty")
    assert sandbox.get(f"/analytics/accounts/{account}").status_code == 404
    sandbox.send("POST", BOTH_PATHS[0].format(account), {})

    sandbox.advance(hours=1)

    assert sandbox.json(f"/analytics/accounts/{account}")["latest"]["followers"] is not None


def test_a_banned_account_is_not_refreshed(sandbox):
    account = sandbox.account_id("banned")

    answer = sandbox.send("POST", BOTH_PATHS[0].format(account), {})

    assert answer.json()["error"]["code"] == "ACCOUNT_INVALID_STATUS"
    assert not sandbox.json(f"/accounts/{account}/analytics/can-refresh")["data"]["can_refresh"]


def test_v1_has_a_cooldown_and_a_monthly_quota(launch):
    sandbox: Client = launch(replace(SMALL, v1_accounts=2, refresh_quota=1))
    one, other = [row["account_id"] for row in sandbox.truth("accounts")[4:8:3]]
    check = f"/accounts/{one}/analytics/can-refresh"
    assert sandbox.json(check)["data"] == {
        "account_id": one,
        "can_refresh": True,
        "next_refresh_at": None,
        "hours_remaining": 0,
        "monthly_quota": {"limit": 1, "used": 0},
    }

    first, second = (sandbox.send("POST", BOTH_PATHS[0].format(one)) for _ in range(2))
    third = sandbox.send("POST", BOTH_PATHS[0].format(other))

    assert first.json()["data"].keys() == {"account_id", "status", "note"}
    assert second.json()["error"]["code"] == "ANALYTICS_COOLDOWN"
    assert second.json()["error"]["details"] == {
        "next_refresh_at": "2026-05-29T09:00:00Z",
        "hours_remaining": 24,
    }
    assert "retry-after" not in second.headers, "it is no rate limit"
    assert third.json()["error"]["code"] == "ANALYTICS_QUOTA_EXCEEDED"
    assert third.json()["error"]["details"] == {"monthly_quota": {"limit": 1, "used": 1}}
    sandbox.edit("use_refresh_quota", used=0)
    assert sandbox.send("POST", BOTH_PATHS[0].format(other)).status_code == 200


def test_an_idempotency_key_repeats_the_answer(sandbox):
    account = sandbox.account_id("busy")
    key = {"Idempotency-Key": "once"}

    answers = [
        sandbox.send("POST", BOTH_PATHS[0].format(account), {}, **key).json() for _ in range(2)
    ]

    assert answers[0] == answers[1]
    assert answers[0]["data"]["status"] == "scrape_queued"

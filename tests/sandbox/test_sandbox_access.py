"""Keys, plans, rates, and what every answer carries (developers.tokportal.com)."""

import time
from dataclasses import replace

import httpx
import pytest
from sandbox_client import SMALL, Client


def error_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_me_says_who_the_key_belongs_to(served):
    assert served.json("/me")["data"].keys() >= {"email", "credits"}


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "AUTH_MISSING_KEY"),
        ("sk_live_0123", "AUTH_INVALID_KEY"),
        ("sk_sandbox_gold", "AUTH_INVALID_KEY"),
    ],
)
def test_a_key_that_is_not_ours_is_refused(served, key, code):
    answer = served.get("/me", key=key)

    assert error_of(answer) == (401, code)
    assert "x-ratelimit-limit" not in answer.headers


def test_a_key_can_be_revoked_and_accepted_again(sandbox):
    sandbox.edit("revoke_key", key=sandbox.key)
    assert error_of(sandbox.get("/me")) == (401, "AUTH_REVOKED_KEY")

    sandbox.edit("accept_key", key=sandbox.key)
    assert sandbox.get("/me").status_code == 200


def test_every_answer_names_its_request_and_version(served):
    for answer in (served.get("/me"), served.get("/me", key=None)):
        assert answer.headers["x-tokportal-request-id"].startswith("req_")
        assert answer.headers["x-tokportal-api-version"] == "2026-05-25"
        assert answer.headers["x-tokportal-api-stability"] == "stable"
        assert answer.headers["date"] == "Thu, 28 May 2026 09:00:00 GMT"
    assert "x-tokportal-analytics-contract" in served.get("/analytics").headers


def test_date_follows_the_sandbox_clock(sandbox):
    assert sandbox.advance(hours=24) == "2026-05-29T09:00:00Z"
    assert sandbox.get("/me").headers["date"] == "Fri, 29 May 2026 09:00:00 GMT"


def test_the_bucket_empties_refills_and_says_when(launch):
    """One minute's worth of requests at once, then a steady trickle; each key has its own."""
    sandbox: Client = launch(replace(SMALL, rate=60))

    statuses = [sandbox.get("/me").status_code for _ in range(60)]
    refused = sandbox.get("/me")

    assert set(statuses) == {200}
    assert error_of(refused) == (429, "RATE_LIMIT_EXCEEDED")
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["error"]["details"] == {"retry_after_seconds": 2}
    assert refused.headers["x-ratelimit-remaining"] == "0"
    reset = int(refused.headers["x-ratelimit-reset"]) - 1_779_958_800
    assert 59 <= reset <= 60, "time to a full bucket, on the sandbox's clock"
    assert sandbox.get("/me", key="sk_sandbox_full_second").status_code == 200
    time.sleep(1.05)
    assert sandbox.get("/me").status_code == 200


def test_a_request_before_the_hint_has_passed_counts_as_early(launch):
    sandbox: Client = launch(replace(SMALL, rate=60))
    while sandbox.get("/me").status_code == 200:
        pass
    time.sleep(0.1)

    sandbox.get("/me")

    assert sandbox.control("GET", "/requests")["early"] == 1
    last = sandbox.control("GET", "/log")[-1]
    assert (last["status"], last["early"], last["key_label"]) == (429, True, "full")


@pytest.mark.parametrize("tier", ["creator", "starter"])
@pytest.mark.parametrize("feature", ["raw", "comments"])
def test_full_tier_endpoints_refuse_lower_plans(served, tier, feature):
    account = served.account_id("busy")

    answer = served.get(
        f"/analytics/accounts/{account}/{feature}", key=f"sk_sandbox_{tier}", trackedPostId="x"
    )

    assert error_of(answer) == (403, "PLAN_UPGRADE_REQUIRED")


def test_plans_hide_fields_as_null_or_leave_them_out(served):
    path = f"/analytics/accounts/{served.account_id('busy')}"
    full = served.get(path).json()
    creator = served.get(path, key="sk_sandbox_creator").json()
    starter = served.get(path, key="sk_sandbox_starter").json()

    assert full["demographics"]
    assert full["posts"][0]["reach"] is not None
    assert creator["demographics"] is None
    assert creator["posts"][0]["reach"] is None
    assert "demographics" not in starter
    assert "reach" not in starter["posts"][0]
    assert len(starter["posts"]) == 10 < starter["derived_stats"]["tracked_posts"]
    assert creator["daily_series"] == full["daily_series"]
    assert "daily_series" not in starter


def test_a_plan_can_change_while_a_key_is_in_use(sandbox):
    sandbox.edit("set_tier", key=sandbox.key, tier="creator")

    assert sandbox.json("/analytics")["access"]["level"] == "creator"


def test_unknown_paths_methods_and_accounts(served):
    missing = f"/analytics/accounts/{served.account_id('empty')}"
    unknown = "/analytics/accounts/00000000-0000-4000-a000-000000000000"

    assert error_of(served.get("/nothing")) == (404, "NOT_FOUND")
    assert error_of(served.get(unknown)) == (404, "SAVED_ACCOUNT_NOT_FOUND")
    assert error_of(served.get("/accounts/x")) == (404, "SAVED_ACCOUNT_NOT_FOUND")
    assert error_of(served.get(missing)) == (404, "ANALYTICS_NOT_FOUND")
    posted = httpx.post(
        f"{served.child.base_urls['tokportal']}/me", headers={"X-API-Key": served.key}
    )
    assert error_of(posted) == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/accounts", {"page": "0"}),
        ("/accounts", {"per_page": "many"}),
        ("/accounts", {"banned": "maybe"}),
        ("/analytics", {"from": "yesterday"}),
        ("/analytics/series", {"metric": "hearts"}),
        ("/analytics/series", {"mode": "total"}),
        ("/analytics/accounts/{id}/raw", {"limit": "31"}),
        ("/analytics/accounts/{id}/raw", {"limit": "0"}),
        ("/analytics/accounts/{id}/raw", {"source": "guess"}),
        ("/analytics/accounts/{id}/raw", {"to": "2026-13-01"}),
        ("/analytics/accounts/{id}/comments", {}),
        ("/accounts/{id}/analytics/videos", {"sort_by": "date"}),
        ("/accounts/{id}/analytics/videos", {"sort_order": "up"}),
    ],
)
def test_a_bad_parameter_is_named(served, path, params):
    answer = served.get(path.format(id=served.account_id("busy")), **params)

    assert error_of(answer) == (400, "VALIDATION_ERROR")
    assert answer.json()["error"]["details"]["field"] in {*params, "trackedPostId"}


def test_requests_are_counted_by_route_and_the_control_plane_is_not(sandbox):
    sandbox.control("DELETE", "/requests")
    account = sandbox.account_id("busy")
    sandbox.get(f"/analytics/accounts/{account}")
    sandbox.get("/me", key=None)

    counts = sandbox.control("GET", "/requests")

    assert counts["by_route"] == {
        "GET /analytics": 1,
        "GET /analytics/accounts/{id}": 1,
        "GET /me": 1,
    }
    assert counts["by_status"] == {"200": 2, "401": 1}
    assert counts["total"] == counts["max_per_minute"] == 3
    log = sandbox.control("GET", "/log?after=1")
    assert [(entry["n"], entry["path"]) for entry in log[-1:]] == [(3, "/me")]

"""The agency's side: bundles and their videos, bans, credits, webhook endpoints."""

from itertools import pairwise

import pytest
from sandbox_client import Client

from sandbox.server import Settings

AGENCY = Settings(accounts=40, posts=400, rate=1_000_000)


@pytest.fixture(scope="module")
def agency():
    client = Client(AGENCY)
    yield client
    client.close()


def test_bundles_are_the_truth(agency):
    truth = {row["bundle_id"]: row for row in agency.truth("bundles")}

    rows = agency.pages("/bundles")

    assert len(rows) == len(truth) > AGENCY.accounts
    for row in rows:
        expected = truth[row["id"]]
        assert expected["account_id"] == row["saved_account_id"]
        same = ("status", "external_ref", "bundle_type", "videos_quantity", "updated_at", "country")
        assert {name: expected[name] for name in same} == {name: row[name] for name in same}
        assert agency.json(f"/bundles/{row['id']}")["data"] == row
    assert {row["id"][:4] for row in rows} > {"bnd_"}, "older ids live on"


def test_one_reference_is_on_several_bundles_and_the_filter_is_exact(agency):
    truth = agency.truth("bundles")
    refs = [row["external_ref"] for row in truth if row["external_ref"]]
    ref = max(refs, key=refs.count)

    rows = agency.pages("/bundles", external_ref=ref)

    assert refs.count(ref) == len(rows) > 1
    assert agency.pages("/bundles", external_ref=ref[:-1]) == []
    assert any(row["external_ref"] is None for row in truth)


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("status", "status"),
        ("bundle_type", "bundle_type"),
        ("platform", "platform"),
        ("account_status", "account_status"),
    ],
)
def test_bundles_can_be_chosen_by_what_they_are(agency, name, column):
    truth = agency.truth("bundles")
    for value in {row[column] for row in truth if row[column]}:
        expected = {row["bundle_id"] for row in truth if row[column] == value}
        assert {row["id"] for row in agency.pages("/bundles", **{name: value})} == expected


def test_bundle_videos_are_the_truth_and_lead_to_posts(agency):
    truth = {(row["bundle_id"], row["position"]): row for row in agency.truth("bundle_videos")}
    posts = {row["video_id"]: row for row in agency.truth("tracked_posts") if row["video_id"]}
    joined = unknown = 0
    for bundle in agency.truth("bundles"):
        path = f"/bundles/{bundle['bundle_id']}/videos"
        rows = agency.json(path)["data"]
        assert [row["position"] for row in rows] == list(range(1, bundle["videos_quantity"] + 1))
        for row in rows:
            expected = truth.pop((row["bundle_id"], row["position"]))
            assert expected["video_id"] == row["id"]
            same = ("status", "platform_url", "external_ref", "finalized_at", "description")
            assert {name: expected[name] for name in same} == {name: row[name] for name in same}
            post = posts.get(row["id"])
            joined += post is not None
            unknown += post is None and row["platform_url"] is not None
            if post:
                assert post["account_id"] == bundle["account_id"]
                assert post["url"] == row["platform_url"]
        if rows:
            assert agency.json(f"{path}/1")["data"] == rows[0]
        assert agency.get(f"{path}/99").json()["error"]["code"] == "VIDEO_NOT_FOUND"
    assert not truth
    assert joined > 50
    assert unknown > 5, "live, and analytics know nothing of them"


def test_an_account_knows_its_bundles(agency):
    for bundle in agency.truth("bundles"):
        if bundle["account_id"]:
            rows = agency.pages(f"/accounts/{bundle['account_id']}/bundles")
            assert bundle["bundle_id"] in {row["id"] for row in rows}
            account = agency.json(f"/bundles/{bundle['bundle_id']}/account")["data"]
            assert account["saved_account_id"] == bundle["account_id"] != account["id"]
    missing = agency.get("/bundles/bnd_0")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "BUNDLE_NOT_FOUND")


def test_bans_are_the_truth_and_since_is_inclusive(agency):
    truth = {row["ban_id"]: row for row in agency.truth("account_bans")}
    rows = agency.pages("/account-bans", per_page=2)
    assert {row["id"] for row in rows} == truth.keys()
    for row in rows:
        expected, resolution = truth[row["id"]], row["resolution"] or {}
        assert expected["resolution"] == resolution.get("resolution")
        assert expected["resolved_at"] == resolution.get("resolved_at")
        for name in ("status", "updated_at", "decided_at", "account_id", "bundle_id"):
            assert expected[name] == row[name]
    stamps = sorted(row["updated_at"] for row in rows)
    middle = stamps[len(stamps) // 2]
    later = agency.pages("/account-bans", since=middle)
    assert sorted(row["updated_at"] for row in later) == [s for s in stamps if s >= middle]
    one = rows[0]["account_id"]
    assert {r["account_id"] for r in agency.pages("/account-bans", account_id=one)} == {one}


def test_a_ban_moves_on_and_comes_again(launch):
    sandbox = launch(AGENCY)
    before = {row["ban_id"]: row for row in sandbox.truth("account_bans")}
    newest = max(row["updated_at"] for row in before.values())
    sandbox.advance(hours=24 * 5)

    moved = sandbox.pages("/account-bans", since=newest)

    assert {row["id"] for row in moved} - before.keys(), "a new ban"
    assert any(row["id"] in before and row != before[row["id"]] for row in moved)
    statuses = {row["status"] for row in sandbox.truth("account_bans")}
    assert statuses <= {"appeal_pending", "appeal_accepted", "appeal_refused", "no_appeal_banned"}


def test_credit_history_is_the_truth_and_dates_include_their_days(agency):
    truth = agency.truth("credit_transactions")
    rows = agency.pages("/credits/history", per_page=50)
    assert [row["id"] for row in rows] == [row["transaction_id"] for row in truth]
    for row, expected in zip(rows, truth, strict=True):
        assert row["amount"] == expected["amount"]
        assert row["balance_after"] == expected["balance_after"]
    for newer, older in pairwise(rows):
        assert newer["balance_after"] == older["balance_after"] + newer["amount"]
    day = rows[3]["created_at"][:10]
    found = agency.pages("/credits/history", date_from=day, date_to=day)
    assert found == [row for row in rows if row["created_at"][:10] == day]
    assert agency.json("/credits/balance")["data"]["total_credits"] == rows[0]["balance_after"]
    assert agency.json("/me")["data"]["credits"] == rows[0]["balance_after"]
    assert agency.json("/credit-costs")["data"]["verification_code"] == 150


def test_history_grows_with_the_clock(sandbox):
    before = {row["transaction_id"] for row in sandbox.truth("credit_transactions")}
    sandbox.advance(hours=24)

    after = {row["transaction_id"] for row in sandbox.truth("credit_transactions")}

    assert before < after


def test_deliveries_are_the_truth(agency):
    truth = {row["delivery_id"]: row for row in agency.truth("webhook_deliveries")}
    (endpoint,) = agency.pages("/webhooks")
    path = f"/webhooks/{endpoint['id']}/deliveries"

    rows = agency.pages(path, per_page=20)

    assert {row["id"] for row in rows} == truth.keys()
    assert all(row.items() >= {"event_id": truth[row["id"]]["event_id"]}.items() for row in rows)
    failed = agency.pages(path, success="false")
    assert 0 < len(failed) == sum(not row["success"] for row in rows)
    kinds = {row["event_type"] for row in rows}
    for kind in kinds:
        assert {r["event_type"] for r in agency.pages(path, event_type=kind)} == {kind}


def test_paths_that_must_never_be_called_are_flagged(sandbox):
    account = sandbox.account_id("busy")
    assert sandbox.control("GET", "/requests")["forbidden"] == 0

    for name in ("reveal-credentials", "verification-code"):
        assert sandbox.send("POST", f"/accounts/{account}/{name}", {}).status_code == 428

    assert sandbox.control("GET", "/requests")["forbidden"] == 2


def test_coverage_is_known_for_newer_accounts_only(agency):
    ids = [row["id"] for row in agency.accounts()]
    answers = [agency.get(f"/accounts/{one}/managed-subscription") for one in ids]

    assert {answer.status_code for answer in answers} == {200, 404}

"""`social refresh`: asked first, sent once, and what cannot be now is said and not tried again."""

import pytest

from pipelines.exits import Stop
from pipelines.refresh import RefreshRequest

CAN_REFRESH, REFRESH = "/accounts/.*/analytics/can-refresh", "/accounts/.*/analytics/refresh"


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    """Three accounts of the older generation; a refresh shows half a second later."""
    return new_sandbox(accounts=10, posts=40, v1_accounts=3, refresh_real_seconds=0.5)


@pytest.fixture
def project(new_project, sandbox):
    sandbox.clear_faults()
    sandbox.advance(days=2)  # whatever an earlier test refreshed may be refreshed again
    sandbox.edit("use_refresh_quota", used=0)
    sandbox.count_anew()
    return new_project(sandbox)


@pytest.fixture
def newer(sandbox):
    """An account of Analytics v2."""
    return sandbox.account("hourly")


@pytest.fixture
def older(sandbox):
    """An account of the first generation."""
    return sandbox.account("quiet")


def refresh(project, *accounts, flags=("--yes",), **env):
    named = ("--accounts", ",".join(accounts)) if accounts else ()
    return project.social("refresh", "tokportal", *named, "--json", *flags, **env)


def posts(sandbox):
    """POSTs that reached the provider since the test began."""
    log = sandbox.log()[-sandbox.requests()["total"] :] if sandbox.requests()["total"] else []
    return [row["path"] for row in log if row["method"] == "POST"]


def outcomes(ran):
    return {row["account_id"]: row["outcome"] for row in ran.result["accounts"]}


def test_generations_are_what_the_tests_take_them_for(sandbox, newer, older):
    """One speaks of a source, the other of a quota."""
    said = [sandbox.get(f"/accounts/{id_}/analytics/can-refresh")["data"] for id_ in (newer, older)]

    assert ["monthly_quota" in one for one in said] == [False, True]


@pytest.mark.parametrize("generation", ["newer", "older"])
def test_second_call_within_the_window_sends_nothing(project, sandbox, request, generation):
    """The provider is asked whether it may be, and the answer is obeyed."""
    account = request.getfixturevalue(generation)

    first = refresh(project, account)
    second = refresh(project, account)

    assert (first.code, second.code) == (0, 5)
    assert outcomes(first) == {account: "asked"}
    assert outcomes(second) == {account: "cooldown"}
    assert second.result["accounts"][0]["next_refresh_at"]
    assert posts(sandbox) == [f"/accounts/{account}/analytics/refresh"]
    assert first.result["next"] == f"social sync --accounts {account}"


def test_wait_sees_the_new_capture(project, newer, older):
    """--wait ends when what the provider measured is newer than before."""
    ran = refresh(project, newer, older, flags=("--yes", "--wait", "20s"))

    assert ran.code == 0
    assert set(outcomes(ran).values()) == {"captured"}
    for row in ran.result["accounts"]:
        assert row["captured_after"] > row["captured_before"]
    assert ran.seconds < 15


def test_used_up_quota_sends_nothing(project, sandbox, older):
    """No refresh is left this month: known beforehand."""
    sandbox.edit("use_refresh_quota", used=500)

    ran = refresh(project, older)

    assert (ran.code, outcomes(ran)) == (5, {older: "quota"})
    assert "0 of 500 refreshes left this month" in ran.stderr
    assert posts(sandbox) == []


def test_quota_for_fewer_than_are_asked(project, sandbox):
    """The last refresh of the month is used, the others are said to be left out: exit 3."""
    accounts = [
        id_
        for id_ in sandbox.accounts()
        if "monthly_quota" in sandbox.get(f"/accounts/{id_}/analytics/can-refresh")["data"]
    ]
    sandbox.edit("use_refresh_quota", used=499)

    ran = refresh(project, *accounts)

    assert ran.code == 3
    assert sorted(outcomes(ran).values()) == ["asked", "quota", "quota"]
    assert len(posts(sandbox)) == 1


def test_cooldown_is_known_by_its_code(project, sandbox):
    """Whatever the HTTP status, and however it is written: said, not retried."""
    accounts = sandbox.accounts()[5:9]
    spelled = zip(
        (429, 403, 409, 503), ("ANALYTICS_COOLDOWN", "analytics_cooldown") * 2, strict=True
    )
    for account, (status, code) in zip(accounts, spelled, strict=True):
        where = REFRESH.replace(".*", account, 1)
        sandbox.fault("status", where, method="POST", status=status, code=code)

    ran = refresh(project, *accounts)

    assert (ran.code, outcomes(ran)) == (5, dict.fromkeys(accounts, "cooldown"))
    assert len(posts(sandbox)) == 4


@pytest.mark.parametrize("status", [429, 503])
def test_quota_answer_ends_it(project, sandbox, status):
    """The quota is everybody's: the first such answer is the last POST."""
    sandbox.fault("status", REFRESH, method="POST", status=status, code="ANALYTICS_QUOTA_EXCEEDED")
    accounts = sandbox.accounts()[5:8]

    ran = refresh(project, *accounts)

    assert (ran.code, outcomes(ran)) == (5, dict.fromkeys(accounts, "quota"))
    assert len(posts(sandbox)) == 1


def test_lost_answer_is_looked_up_and_not_sent_again(project, sandbox):
    """The provider did it, or did not: can-refresh tells, and each POST leaves once."""
    faults = ("reset", "truncate", "html", "status", "error_200")
    accounts = sandbox.accounts()[5 : 5 + len(faults)]
    for account, fault in zip(accounts, faults, strict=True):
        facts = {"status": 502, "code": "BAD_GATEWAY"} if fault == "status" else {}
        sandbox.fault(fault, REFRESH.replace(".*", account, 1), method="POST", **facts)

    ran = refresh(project, *accounts)

    assert len(posts(sandbox)) == len(accounts)
    for account, fault in zip(accounts, faults, strict=True):
        said = sandbox.get(f"/accounts/{account}/analytics/can-refresh")["data"]
        undone = "refused" if fault == "error_200" else "unknown"
        assert outcomes(ran)[account] == (undone if said["can_refresh"] else "asked")


def test_force_overlooks_a_cooldown(project, sandbox, newer):
    """Only on demand: the POST says `force`, and the provider decides."""
    refresh(project, newer)

    ran = refresh(project, newer, flags=("--yes", "--force"))

    assert (ran.code, outcomes(ran)) == (0, {newer: "asked"})
    assert len(posts(sandbox)) == 2


def test_several_need_to_be_agreed_to(project, sandbox):
    """Count, price and quota are shown; without --yes nothing is sent."""
    ran = refresh(project, flags=("--all",))

    assert ran.code == 2
    assert "accounts to refresh" in ran.stderr
    assert "0 credits documented" in ran.stderr
    assert "of 500 refreshes left this month" in ran.stderr
    assert "--yes" in ran.stderr
    assert posts(sandbox) == []


def test_all_within_a_budget(project, sandbox):
    """--max-accounts holds; what it holds back is no failure, a banned account is."""
    some = refresh(project, flags=("--all", "--yes", "--max-accounts", "2"))

    assert some.result["posts_sent"] == 2
    assert outcomes(some)[sandbox.account("banned")] == "refused"
    assert some.code == 3
    assert "over_limit" in outcomes(some).values()


def test_unknown_account(project, sandbox, newer):
    """It is refused, the other is refreshed: exit 3."""
    ran = refresh(project, newer, "account-of-nobody")

    assert ran.code == 3
    assert outcomes(ran) == {newer: "asked", "account-of-nobody": "refused"}


def test_provider_that_does_not_say_whether_it_may_be(project, sandbox, newer):
    """No can-refresh: nothing is sent on a guess."""
    sandbox.fault("status", CAN_REFRESH, status=404, code="NOT_FOUND")

    ran = refresh(project, newer)

    assert (ran.code, outcomes(ran)) == (3, {newer: "refused"})
    assert posts(sandbox) == []


def test_refused_key(project, sandbox, newer):
    """Exit 4, and nothing is tried further."""
    ran = refresh(project, newer, SOURCES__TOKPORTAL__API_KEY=sandbox.key("wrong"))

    assert ran.code == 4
    assert "key" in ran.messages[-1]


@pytest.mark.parametrize(
    ("provider", "accounts", "everything"),
    [("tokportal", [], False), ("tokportal", ["a"], True), ("nobody", [], True)],
    ids=["neither", "both", "another_provider"],
)
def test_order_that_contradicts_itself(provider, accounts, everything):
    """Said before anything is asked."""
    with pytest.raises(Stop):
        RefreshRequest(provider, accounts, everything).check()


def measured_at(sandbox, row):
    """Of an account's row of the dashboard, which says it of the newer generation only."""
    if captured_at := (row.get("latest") or {}).get("captured_at"):
        return captured_at
    totals = sandbox.get(f"/accounts/{row['id']}/analytics").get("data") or {}
    return totals.get("scraped_at") or ""


def test_a_limit_takes_those_that_were_measured_longest_ago(project, sandbox):
    """Otherwise a daily `--all --max-accounts 3` refreshes the same three for ever."""
    measured = {
        row["id"]: measured_at(sandbox, row) for row in sandbox.get("/analytics")["accounts"]
    }

    ran = refresh(project, flags=("--all", "--yes", "--max-accounts", "3"))

    ended = outcomes(ran)
    allowed = [id_ for id_ in measured if ended[id_] in ("asked", "over_limit")]
    oldest = sorted(allowed, key=lambda account: measured[account])[:3]
    assert len(allowed) > 3
    assert {id_ for id_, outcome in ended.items() if outcome == "asked"} == set(oldest)
    assert oldest != allowed[:3]  # the listing's order is another one

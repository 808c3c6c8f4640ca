"""`social refresh genviral`: the day's free refresh, paid ones within a budget, nothing twice."""

import asyncio
import time
from dataclasses import dataclass

import pytest

from pipelines.exits import Stop
from pipelines.refresh import RefreshRequest, carry_out, connection_of
from pipelines.refresh_plan import RefreshResult
from pipelines.settings import ProviderSettings

RUNS_FOR = 0.1  # seconds of a refresh
POST = "/analytics/targets/.*/refresh"


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=8, posts=40, days=10, refresh_real_seconds=RUNS_FOR)


@pytest.fixture(autouse=True)
def _another_day(sandbox):
    """Every target is free again, none is being refreshed, and requests are counted anew."""
    time.sleep(RUNS_FOR)
    sandbox.clear_faults()
    sandbox.advance(days=1)
    sandbox.count_anew("genviral")


@pytest.fixture
def project(new_project, sandbox):
    return new_project(sandbox, providers=("genviral",), schema="genviral")


@pytest.fixture
def ask(sandbox):
    """The provider itself, asked by somebody else with the same key."""

    def send(method, path):
        url, key = sandbox.base_urls["genviral"] + path, sandbox.settings("genviral")
        headers = {"Authorization": f"Bearer {key['SOURCES__GENVIRAL__API_KEY']}"}
        return sandbox._http.request(method, url, headers=headers).json()["data"]

    return send


@pytest.fixture
def targets(ask):
    return {row["id"]: row["identifier"] for row in ask("GET", "/analytics/targets")["targets"]}


@pytest.fixture
def used(ask):
    """Credits used so far, as the provider books them."""
    return lambda: ask("GET", "/subscription")["subscription"]["credits"]["used_this_period"]


@pytest.fixture
def refresh(sandbox):
    """What `social refresh genviral` does, in this process: its result, and what it said."""

    def run(*accounts, wait=0.0, key=None, **request):
        said = sandbox.settings("genviral")
        key = key or said["SOURCES__GENVIRAL__API_KEY"]
        url = sandbox.base_urls["genviral"]
        settings = ProviderSettings("genviral", {"default": key}, url, 1e6, 16, {})
        request = {"accounts": accounts, "everything": not accounts, "agreed": True, **request}
        asked = RefreshRequest("genviral", wait_seconds=wait, **request)
        connections = {"default": connection_of(settings, "default")}
        words = []
        result = asyncio.run(carry_out(asked, settings, connections, words.append))
        return Ended(result, result.exit_code(waited=wait > 0), " ".join(words))

    return run


@dataclass
class Ended:
    result: RefreshResult
    code: int
    said: str

    @property
    def outcomes(self):
        return {row.name: row.outcome for row in self.result.rows}

    @property
    def credits(self):
        return self.result.facts["credits_used"]


def posts(sandbox):
    return [
        row["path"]
        for row in sandbox.log("genviral")[-(sandbox.requests("genviral")["total"] or 1) :]
        if row["method"] == "POST"
    ]


def fault(sandbox, kind, path=POST, **fields):
    sandbox.fault(kind, path, provider="genviral", method="POST", **fields)


def cli(project, *flags):
    return project.social("refresh", "genviral", *flags)


def test_free_then_paid(project, sandbox, targets, used):
    """The first of the day is free and waited for; the next waits for a budget, or a day."""
    target_id, handle = next(iter(targets.items()))
    before, flags = used(), ("--json", "--yes", "--accounts")

    free = cli(project, *flags, handle, "--wait", "30s")
    without = cli(project, *flags, target_id)
    paid = cli(project, *flags, target_id, "--max-credits", "1")

    ends = [(ran.code, ran.result["targets"][0]["outcome"]) for ran in (free, without, paid)]
    assert ends == [(0, "captured"), (5, "needs_budget"), (0, "asked")]
    assert "1 free, 0 at about 1 credit each" in free.stderr
    assert "--max-credits 1" in without.stderr
    assert paid.result["next"] == f"social sync -s genviral --accounts {target_id}"
    assert (paid.result["credits_used"], used() - before) == (1, 1)
    assert len(posts(sandbox)) == 2


def test_several_need_to_be_agreed_to(project, sandbox, targets):
    """Count, price and what is left are shown; nothing is sent."""
    ran = cli(project, "--all")

    assert ran.code == 2
    assert f"{len(targets)} of {len(targets)} targets to refresh" in ran.stderr
    assert "credits left" in ran.stderr
    assert posts(sandbox) == []


def test_the_budget_holds(refresh, targets, used):
    """Of those that cost, so many as the budget pays for; the free ones go besides."""
    first, *spent = targets
    refresh(*spent, wait=20.0)
    before = used()

    ran = refresh(max_credits=2, max_accounts=40)

    assert list(ran.outcomes.values()).count("over_budget") == len(spent) - 2
    assert ran.outcomes[first] == "asked"
    assert (ran.code, ran.credits, used() - before) == (3, 2, 2)


def test_more_than_are_asked_for(refresh, sandbox):
    """--max-accounts holds, and what it holds back is no failure."""
    ran = refresh(max_accounts=1)

    assert (ran.code, len(posts(sandbox))) == (0, 1)


def test_a_refresh_listed_as_free_and_charged_all_the_same(refresh, sandbox):
    """The first such answer is the last: without a budget nothing more leaves."""
    charged = [("data.wasFree", "false"), ("data.refresh.credits_used", "1")]
    fault(sandbox, "patch", patches=[{"pointer": p, "json": value} for p, value in charged])

    ran = refresh()

    assert len(posts(sandbox)) == 1
    assert sorted(set(ran.outcomes.values())) == ["asked", "needs_budget"]


def test_no_credits_are_left(refresh, sandbox, targets):
    """Known beforehand: a paid one is not tried."""
    target_id = next(iter(targets))
    refresh(target_id)
    sandbox.edit("genviral_set_credits", n=0)

    ran = refresh(target_id, max_credits=5)
    sandbox.edit("genviral_set_credits", n=400)

    assert (ran.code, ran.outcomes) == (5, {target_id: "no_credits"})
    assert len(posts(sandbox)) == 1


def test_somebody_elses_refresh_is_watched(project, sandbox, targets, ask):
    """409: not sent again, and waited for by the target itself."""
    target_id = list(targets)[2]
    fault(sandbox, "status", status=409, code="analytics_conflict", times=1)
    flags = ("--accounts", target_id, "--yes", "--json", "--wait", "30s")

    running = project.start("refresh", "genviral", *flags)
    running.wait_until(lambda: posts(sandbox), "the POST")
    ask("POST", f"/analytics/targets/{target_id}/refresh")
    ran = running.wait()

    assert (ran.code, ran.result["targets"][0]["outcome"]) == (0, "captured")
    assert len(posts(sandbox)) == 2  # ours, and theirs
    assert ran.result["credits_used"] == 0


def test_lost_answers_are_looked_up(refresh, sandbox, targets, ask):
    """The free refresh that is gone tells that it was taken; of a paid one only time does."""
    free, paid = list(targets)[:3], list(targets)[3]
    refresh(paid, wait=20.0)
    for target_id, kind in zip([*free, paid], ("reset", "truncate", "html", "reset"), strict=True):
        fault(sandbox, kind, POST.replace(".*", target_id))

    ran = refresh(*free)
    lost = refresh(paid, max_credits=1)

    listed = ask("GET", "/analytics/targets")["targets"]
    still_free = {row["id"] for row in listed if row["free_refresh_available"]}
    assert ran.outcomes == {id_: "not_asked" if id_ in still_free else "asked" for id_ in free}
    assert list(ran.outcomes.values()).count("asked") == 2
    assert (lost.code, lost.outcomes, lost.credits) == (5, {paid: "unknown"}, 1)
    assert len(posts(sandbox)) == 5


def test_a_paid_one_whose_answer_is_lost_shows_when_it_is_done(refresh, sandbox, targets):
    """The target is newer than before: it was taken."""
    target_id = next(iter(targets))
    refresh(target_id, wait=20.0)
    fault(sandbox, "reset")
    sandbox.advance(hours=1)

    ran = refresh(target_id, max_credits=1, wait=20.0)

    assert (ran.code, ran.outcomes) == (0, {target_id: "captured"})
    assert len(posts(sandbox)) == 2


@pytest.mark.parametrize(
    ("status", "code", "outcome", "sent"),
    [
        (402, "insufficient_credits", "no_credits", 1),
        (429, "rate_limited", "rate_limited", 3),
        (402, "subscription_required", "refused", 3),
    ],
)
def test_refusals(refresh, sandbox, status, code, outcome, sent):
    """No credits ends it at once; what three in a row say holds for all."""
    fault(sandbox, "status", status=status, code=code)

    ran = refresh()

    assert len(posts(sandbox)) == sent
    assert {ran.outcomes[post.split("/")[-2]] for post in posts(sandbox)} == {outcome}
    assert ran.code == (3 if outcome == "refused" else 5)


def test_a_refresh_that_fails(refresh, sandbox, targets):
    """Its own words, and exit 3; a target of nobody is refused beside it."""
    sandbox.edit("genviral_fail_refreshes", times=1)
    target_id = list(targets)[4]

    ran = refresh(target_id, "@nobody", wait=20.0)

    assert (ran.code, ran.outcomes) == (3, {target_id: "failed", "@nobody": "refused"})
    assert ran.result.rows[0].message


def test_refused_key(refresh):
    assert refresh(key="gva_live_nobody.nothing").code == 4


@pytest.mark.parametrize("flag", [{"missing": True}, {"posts": ["1"]}, {"force": True}])
def test_a_flag_of_another_provider(flag):
    with pytest.raises(Stop, match="means nothing to genviral"):
        RefreshRequest("genviral", ["a"], **flag).check()


def test_a_limit_takes_the_target_that_was_measured_longest_ago(refresh, ask):
    """Never measured first. Otherwise a daily run refreshes the same target for ever."""
    listed = ask("GET", "/analytics/targets")["targets"]
    measured = {row["id"]: row["last_refreshed_at"] or "" for row in listed}

    ran = refresh(max_accounts=1, wait=20.0)

    (chosen,) = (name for name, ended in ran.outcomes.items() if ended == "captured")
    assert measured[chosen] == min(measured.values())
    assert measured[listed[0]["id"]] > measured[chosen]  # the listing's order is another one

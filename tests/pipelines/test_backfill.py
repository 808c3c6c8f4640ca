"""A range of the past, chunk by chunk, beside the syncs that follow the present."""

import shutil
import signal
from urllib.parse import parse_qs

import pytest
from backfilled import LATE, asked, forward, requests_of
from oracle import Truth, differences
from oracle.dump import dump

RANGE = ("--since", "2026-04-10", "--until", "2026-06-01", "--chunk", "25d")
INDEX = 3 + 8
BATCH = 3
DATED = ("daily_series", "posts", "post_snapshots")
SMALL = {"SYNC__BATCH_ACCOUNTS": str(BATCH)}


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=8, posts=40, days=45)


@pytest.fixture(scope="module")
def truth(sandbox):
    truth = Truth(sandbox.url)
    truth.observe()
    return truth


@pytest.fixture(scope="module")
def late(new_project, sandbox):
    """Makes projects with what a sync brings that was told to begin late."""
    first = new_project(sandbox, **LATE)
    assert first.sync().code == 0

    def make():
        project = new_project(sandbox, **LATE)
        shutil.copy(first.warehouse, project.warehouse)
        return project

    return make


@pytest.fixture(scope="module")
def synced(late):
    return late()


def backfill(project, *args, **env):
    return project.social("backfill", "--json", *RANGE, *args, **env)


@pytest.fixture(scope="module")
def filled(synced, sandbox, truth):
    """An undisturbed backfill: what was lost before, cursors before, the run, what it asked."""
    lost, before = differences(truth, synced.warehouse), forward(synced)
    sandbox.count_anew()
    ran = backfill(synced)
    return lost, before, ran, asked(sandbox)


def test_range_is_filled(filled, synced, truth):
    """What a late start left out is there; everything equals the truth."""
    lost, _, ran, _ = filled

    assert lost != []
    assert ran.code == 0
    assert differences(truth, synced.warehouse) == []


def test_forward_cursors_stay(filled, synced):
    """Nothing of what the next sync goes by is moved."""
    _, before, _, _ = filled

    assert forward(synced) == before


def test_it_is_asked_once(filled, synced):
    """The same range again costs the request that tells the access level, however it is cut."""
    _, _, first, _ = filled

    again = synced.social("backfill", "--json", *RANGE[:4], "--chunk", "7d")

    assert requests_of(first) > 100
    assert requests_of(again) == 1


def test_plan_tells_it_and_changes_nothing(late):
    """Chunks × accounts, and about the requests that are then sent."""
    project = late()
    before = dump(project.warehouse)

    told = backfill(project, "-n", "--max-credits", "0")

    after = dump(project.warehouse)
    ran = backfill(project)
    planned, sent = told.result["requests"], requests_of(ran)
    result = ran.result["providers"]["tokportal"]
    assert after == before
    assert told.result["backfill"]["tokportal"] == {"chunks": 2, "accounts": 8, "left": 16}
    assert told.result["at_least"] <= sent
    assert abs(planned - sent) <= 0.15 * sent
    assert result["lower_bound_requests"] <= sent
    assert abs(result["planned_requests"] - sent) <= 0.15 * sent


def test_it_is_no_last_sync(filled, synced):
    """What is fresh, and what ran last, is told by syncs; what the key was asked, by all."""
    _, _, ran, _ = filled

    said = synced.social("status", "--json").result["providers"]["tokportal"]

    assert said["last_run"]["command"] == "sync"
    assert said["last_good_run_at"] == said["last_run"]["finished_at"]
    assert said["usage"]["requests"] >= said["last_run"]["requests"] + requests_of(ran)


def test_next_sync_is_idle(filled, synced):
    """As if nothing had been: the index pass and a drilldown per account."""
    ran = synced.sync()

    assert requests_of(ran) == INDEX
    assert ran.result["providers"]["tokportal"]["written"] == {}


@pytest.mark.slow
def test_killed_backfill_goes_on(late, sandbox, truth, filled):
    """kill -9: the truth in the end; what an undisturbed one asks once, and again only one chunk of
    one batch of accounts."""
    project = late()
    before = forward(project)
    killed(project, sandbox, after=lambda running: running.batches() >= 2)
    once = asked(sandbox)

    ran = backfill(project, **SMALL)

    everything, (*_, undisturbed) = asked(sandbox), filled
    first, second = windows(once), windows(everything[len(once) :])
    owner = {row["tracked_post_id"]: row["account_id"] for row in truth.of("tracked_posts")}
    again = {(owner.get(subject, subject), chunk) for subject, chunk in first & second}
    assert ran.code == 0
    assert len(first) > 20
    assert len(again) <= BATCH
    assert len(set(undisturbed)) == len(undisturbed)
    assert set(everything) == set(undisturbed)
    assert differences(truth, project.warehouse) == []
    assert forward(project) == before


def killed(project, sandbox, *, after):
    sandbox.count_anew()
    running = project.start("backfill", *RANGE, "--log-format", "json", **SMALL)
    running.wait_until(lambda: after(running), "the moment to kill it")
    running.signal(signal.SIGKILL)
    running.wait()


def windows(requests):
    """What was asked by day: (account or post, first day)."""
    found = set()
    for path, text in requests:
        query = parse_qs(text)
        if "from" in query:
            subject = query.get("account", [path.split("/")[-2]])[0]
            found.add((subject, query["from"][0][:10]))
    return found


@pytest.mark.slow
def test_waiting_sync_gets_its_turn(late, sandbox, truth):
    """A sync with --wait begins and ends while the backfill goes on, and both bring all they
    should. The chunks are short: it has to take longer than the turn that a sync waits for."""
    project = late()
    running = project.start("backfill", "--json", *RANGE[:4], "--chunk", "4d", **SMALL)
    running.wait_until(lambda: running.batches() >= 1, "the first batch")

    ran = project.sync("--wait", "60s")

    still_going = running.process.poll() is None
    assert ran.code == 0
    assert still_going
    assert running.wait().code == 0
    assert differences(truth, project.warehouse) == []


@pytest.mark.slow
def test_budget_ends_it_and_the_next_one_goes_on(late, truth):
    """Exit 5, what came complete is kept, and in the end nothing is missing."""
    project = late()
    cut = backfill(project, "--max-requests", "60")

    last = backfill(project)

    assert (cut.code, requests_of(cut)) == (5, 60)
    assert last.code == 0
    assert differences(truth, project.warehouse) == []


@pytest.mark.slow
def test_genviral_by_day_and_tokfluence_not_at_all(new_project, sandbox):
    """Days and posts that a sync had not brought; Tokfluence serves no past, which is said."""
    providers = ("genviral", "tokfluence")
    project = new_project(sandbox, providers=providers, schema="genviral")
    truth = Truth(sandbox.url, provider="genviral")
    truth.observe()
    assert project.sync("-s", "genviral.targets,genviral.target_snapshots").code == 0

    ran = backfill(project)

    kept = [line for line in differences(truth, project.warehouse) if line.split(":")[0] in DATED]
    skipped = [(skip["provider"], skip["reason"]) for skip in ran.result["skipped"]]
    assert ran.code == 0
    assert project.query("select count(*) > 20 from daily_series") == [(True,)]
    assert [line for line in kept if " lost" not in line] == []
    assert ("tokfluence", "no_past") in skipped


def test_what_cannot_be_asked_by_day_is_refused(new_project):
    """Exit 2 before anything is asked."""
    project = new_project(None)

    ran = [
        project.social("backfill", *RANGE, "-s", "tokfluence"),
        project.social("backfill", "--since", "2026-05-01", "--until", "2026-05-01"),
        project.social("backfill", "--since", "yesterday", "--until", "2026-05-01"),
    ]

    assert [each.code for each in ran] == [2, 2, 2]

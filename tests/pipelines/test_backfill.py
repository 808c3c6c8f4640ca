"""A range of the past, chunk by chunk, beside the syncs that follow the present."""

import base64
import json
import random
import signal
import zlib
from urllib.parse import parse_qs

import pytest
from oracle import Truth, differences

LATE = {"SOURCES__TOKPORTAL__START_DATE": "2026-05-22"}  # the world ends on 2026-05-28
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
def synced(new_project, sandbox):
    """What a sync brings that was told to begin late."""
    project = new_project(sandbox, **LATE)
    assert project.sync().code == 0
    return project


def backfill(project, *args, **env):
    return project.social("backfill", "--json", *RANGE, *args, **env)


@pytest.fixture(scope="module")
def filled(synced, sandbox, truth):
    """An undisturbed backfill: what was lost before, cursors before and after, and the run."""
    lost, before = differences(truth, synced.warehouse), forward(synced)
    sandbox.count_anew()
    ran = backfill(synced)
    return lost, before, ran, sandbox.requests()


def test_range_is_filled(filled, synced, truth):
    """What a late start left out is there; everything equals the truth."""
    lost, _, ran, _ = filled

    assert lost != []
    assert ran.code == 0
    assert differences(truth, synced.warehouse) == []


def forward(project):
    """Cursors of syncs: dlt's state, marks of posts, and how streams stand."""
    states = project.query(
        "select state from _dlt_pipeline_state order by version desc, created_at desc limit 1"
    )
    content = json.loads(zlib.decompress(base64.b64decode(states[0][0])))
    marks = project.query("select * from post_marks order by all")
    status = project.query("select * from sync_account_status order by all")
    return content["sources"]["tokportal"]["tenants"], marks, status


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


def test_next_sync_is_idle(filled, synced):
    """As if nothing had been: the index pass and a drilldown per account."""
    ran = synced.sync()

    assert requests_of(ran) == INDEX
    assert ran.result["providers"]["tokportal"]["written"] == {}


def requests_of(ran):
    return sum(provider["requests"] for provider in ran.result["providers"].values())


@pytest.mark.slow
def test_killed_backfill_goes_on(new_project, sandbox, truth):
    """kill -9: the truth in the end, and one chunk of one batch of accounts is asked again."""
    project = new_project(sandbox, **LATE)
    assert project.sync().code == 0
    before = forward(project)
    first = killed(project, sandbox, after=lambda running: running.batches() >= 2)

    ran = backfill(project, **SMALL)

    second = windows(sandbox.log()[-requests_of(ran) :])
    owner = {row["tracked_post_id"]: row["account_id"] for row in truth.of("tracked_posts")}
    again = {(owner.get(subject, subject), chunk) for subject, chunk in first & second}
    assert ran.code == 0
    assert len(first) > 20
    assert len(again) <= BATCH
    assert differences(truth, project.warehouse) == []
    assert forward(project) == before


def killed(project, sandbox, *, after):
    """Begin a backfill and kill it; what it had asked, as (account or post, first day)."""
    sandbox.count_anew()
    running = project.start("backfill", *RANGE, "--log-format", "json", **SMALL)
    running.wait_until(lambda: after(running), "the moment to kill it")
    running.signal(signal.SIGKILL)
    running.wait()
    return windows(sandbox.log()[-sandbox.requests()["total"] :])


def windows(entries):
    asked = set()
    for entry in entries:
        query = parse_qs(entry["query"])
        if "from" in query:
            subject = query.get("account", [entry["path"].split("/")[-2]])[0]
            asked.add((subject, query["from"][0][:10]))
    return asked


@pytest.mark.slow
def test_waiting_sync_gets_its_turn(new_project, sandbox):
    """A sync with --wait begins and ends while the backfill goes on."""
    project = new_project(sandbox, **LATE)
    assert project.sync().code == 0
    running = project.start("backfill", "--json", *RANGE[:4], "--chunk", "10d", **SMALL)
    running.wait_until(lambda: running.batches() >= 1, "the first batch")

    ran = project.sync("--wait", "60s")

    still_going = running.process.poll() is None
    assert ran.code == 0
    assert still_going
    assert running.wait().code == 0


@pytest.mark.slow
def test_budget_ends_it_and_the_next_one_goes_on(new_project, sandbox, truth):
    """Exit 5, what came complete is kept, and in the end nothing is missing."""
    project = new_project(sandbox, **LATE)
    assert project.sync().code == 0
    codes = [backfill(project, "--max-requests", "60").code for _ in range(2)]

    last = backfill(project)

    assert codes == [5, 5]
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


ACCOUNTS, DAYS, KILLS = 100, 1095, 20


@pytest.mark.chaos
def test_three_years_of_a_hundred_accounts_killed_twenty_times(new_sandbox, new_project):
    """The truth, cursors as they were, and at most 5 % more requests than undisturbed."""
    sandbox = new_sandbox(accounts=ACCOUNTS, posts=ACCOUNTS, days=DAYS)
    truth, chance = Truth(sandbox.url), random.Random(7)
    truth.observe()
    words = ("backfill", "--json", *("--since", "2023-05-29", "--until", "2026-05-29"))
    words += ("--chunk", "60d")
    calm, project = (new_project(sandbox, **LATE) for _ in range(2))
    assert (calm.sync().code, project.sync().code) == (0, 0)
    before = forward(project)
    undisturbed = requests_of(calm.start(*words).wait(3600))
    assert differences(truth, calm.warehouse) == []

    asked = 0
    for _ in range(KILLS):
        sandbox.count_anew()
        running = project.start(*words, SYNC__BATCH_ACCOUNTS="4")
        moment = chance.randrange(undisturbed // KILLS)
        running.wait_until(
            lambda at=moment: sandbox.requests()["total"] >= at, f"{moment} requests", 600
        )
        running.signal(signal.SIGKILL)
        running.wait()
        asked += sandbox.requests()["total"]
    last = project.start(*words).wait(3600)

    print(f"undisturbed {undisturbed}, killed {KILLS} times {asked + requests_of(last)}")
    assert last.code == 0
    assert asked + requests_of(last) <= 1.05 * undisturbed
    assert differences(truth, project.warehouse) == []
    assert forward(project) == before

"""A run may end at any instant: the next one reaches the truth and asks little again."""

import signal
import time

import pytest
from oracle import Truth, differences

BATCH = 3  # accounts, so that a first sync has several batches


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=6, posts=90, days=20)


@pytest.fixture(scope="module")
def truth(sandbox):
    truth = Truth(sandbox.url)
    truth.observe()
    return truth


@pytest.fixture
def project(new_project, sandbox):
    sandbox.clear_faults()
    sandbox.count_anew()
    return new_project(sandbox)


def start(project):
    """A first sync in two batches."""
    return project.start("sync", "--json", SYNC__BATCH_ACCOUNTS=str(BATCH))


def after_requests(number):
    def reached(project, sandbox, running):
        running.wait_until(lambda: sandbox.requests()["total"] >= number, f"{number} requests")

    return reached


def after_batches(number):
    def reached(project, sandbox, running):
        running.wait_until(lambda: running.batches() >= number, f"{number} batches")

    return reached


def while_loading(batch):
    """DuckDB's write-ahead log grows while a load is under way; besides only when tables are made,
    which is before the first request."""

    def reached(project, sandbox, running):
        after_requests(1)(project, sandbox, running)
        after_batches(batch)(project, sandbox, running)
        before = log_size(project)
        running.wait_until(lambda: log_size(project) != before, "a load under way")

    return reached


INSTANTS = {
    "first_request": after_requests(1),
    "first_batch_asked": after_requests(50),
    "first_batch_loading": while_loading(0),
    "first_batch_loaded": after_batches(1),
    "second_batch_loading": while_loading(1),
    "second_batch_asked": after_requests(170),
}
RARER = (
    "first_request",
    "first_batch_asked",
    "second_batch_asked",
    "first_batch_loaded",
)  # for the long campaign


@pytest.mark.parametrize(
    "instant",
    [pytest.param(name, marks=pytest.mark.chaos) if name in RARER else name for name in INSTANTS],
)
def test_killed_run_is_taken_up(project, sandbox, truth, instant):
    """kill -9 in a first sync. What is there then is right, and the next run adds what is missing,
    asking again the histories of one batch at most."""
    running = start(project)
    INSTANTS[instant](project, sandbox, running)
    running.signal(signal.SIGKILL)
    assert running.wait().code == -signal.SIGKILL
    killed_at = len(sandbox.log())
    asked_before = histories(sandbox.log()[-sandbox.requests()["total"] :], truth)
    wrong_then = damage(project, truth)

    ran = project.sync()

    asked_after = histories(sandbox.log()[killed_at:], truth)
    assert wrong_then == []
    assert ran.code == 0
    assert differences(truth, project.warehouse) == []
    assert len({account for _, account in asked_before & asked_after}) <= BATCH


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGTERM, 143),
        pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow),
    ],
)
def test_interrupted_run_commits_what_is_complete(project, sandbox, truth, number, code):
    """It ends within 10 s, keeps what came complete, and the next run asks only the rest."""
    sandbox.fault("slow", "/analytics/posts/.*/raw", seconds=0.3)
    running = start(project)
    running.wait_until(lambda: sandbox.requests()["total"] >= 100, "100 requests")
    signalled = time.monotonic()
    running.signal(number)
    ran = running.wait()
    took = time.monotonic() - signalled
    asked_before = histories(sandbox.log()[-sandbox.requests()["total"] :], truth)
    ended_at, wrong_then = len(sandbox.log()), damage(project, truth)
    sandbox.clear_faults()

    again = project.sync()

    asked_again = asked_before & histories(sandbox.log()[ended_at:], truth)
    assert ran.code == ran.result["exit_code"] == code
    assert took < 10
    assert len(ran.messages) == 1
    assert wrong_then == []
    assert len(asked_again) <= 16, "more than what was under way was asked again"
    assert again.code == 0
    assert differences(truth, project.warehouse) == []


@pytest.mark.slow
def test_second_signal_ends_at_once(project, sandbox, truth):
    """Whoever asks twice does not want to wait; nothing half is left."""
    sandbox.fault("slow", "/analytics/posts/.*/raw", seconds=20)
    running = start(project)
    running.wait_until(lambda: sandbox.requests()["total"] >= 20, "20 requests")
    running.signal(signal.SIGTERM)
    signalled = time.monotonic()
    while running.process.poll() is None and time.monotonic() - signalled < 10:
        running.signal(signal.SIGTERM)
        time.sleep(0.05)
    took = time.monotonic() - signalled
    sandbox.clear_faults()

    assert running.wait().code == 143
    assert took < 2
    assert project.sync().code == 0
    assert differences(truth, project.warehouse) == []


def histories(entries, truth):
    """Raw and comment requests by what they are about: (path and post, account)."""
    owner = {row["tracked_post_id"]: row["account_id"] for row in truth.of("tracked_posts")}
    asked = set()
    for entry in entries:
        kind = entry["path"].rsplit("/", 1)[-1]
        if "trackedPostId" in entry["query"]:
            post = entry["query"].split("trackedPostId=")[1].split("&")[0]
            asked.add((f"comments {post}", owner[post]))
        elif kind == "raw":
            subject = entry["path"].split("/")[-2]
            asked.add((f"raw {subject}", owner.get(subject, subject)))
    return asked


def damage(project, truth):
    """What is wrong with the warehouse as it lies there, except for what is still missing."""
    left = project.copy("left.duckdb")
    return differences(truth, left, without="lost") if left.exists() else []


def log_size(project):
    log = project.warehouse.with_name(project.warehouse.name + ".wal")
    try:
        return log.stat().st_size
    except FileNotFoundError:
        return 0

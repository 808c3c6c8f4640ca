"""Three years of a hundred accounts, killed twenty times: right in the end, and cheap all the same.

An undisturbed backfill asks the same requests, each of them once (test_backfill.py): what it would
cost is read from the journal: the requests that differ.
"""

import random
import signal
import time

import pytest
from backfilled import LATE, asked, forward
from oracle import Truth, differences

ACCOUNTS, DAYS, KILLS, SEED = 100, 1095, 20, 7
WORDS = ("backfill", "--json", "--since", "2023-05-29", "--until", "2026-05-29", "--chunk", "45d")
LONGEST_LOAD = 1.5  # seconds from the request a kill was drawn for to the kill: within loads too


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=ACCOUNTS, posts=ACCOUNTS, days=DAYS)


@pytest.fixture(scope="module")
def project(new_project, sandbox):
    """Synced by a sync that was told to begin late."""
    project = new_project(sandbox, **LATE)
    assert project.sync().code == 0
    return project


@pytest.mark.chaos
def test_three_years_of_a_hundred_accounts_killed_twenty_times(sandbox, project):
    """The truth, cursors as they were, and at most 5 % more requests than undisturbed."""
    chance, before = random.Random(SEED), forward(project)
    planned = project.social(*WORDS, "-n").result["requests"]
    sandbox.count_anew()

    moments = [killed(project, sandbox, chance, 1.6 * planned / KILLS) for _ in range(KILLS)]
    last = project.start(*WORDS).wait(3600)

    requests = asked(sandbox)
    undisturbed = len(set(requests))
    print(f"seed {SEED}, kills after requests, seconds: {moments}")
    print(f"planned {planned}, undisturbed {undisturbed}, killed {KILLS} times {len(requests)}")
    assert last.code == 0
    assert len(requests) <= 1.05 * undisturbed
    assert forward(project) == before
    truth = Truth(sandbox.url)
    truth.observe()
    assert differences(truth, project.warehouse) == []


def killed(project, sandbox, chance, most):
    """Begin a backfill and kill it at a random moment; after how many requests, and seconds."""
    running, before = project.start(*WORDS), sandbox.requests()["total"]
    requests, seconds = chance.randrange(int(most)), round(chance.uniform(0, LONGEST_LOAD), 3)
    while sandbox.requests()["total"] < before + requests:
        assert running.process.poll() is None, running.stderr.read_text()
        time.sleep(0.05)
    time.sleep(seconds)
    running.signal(signal.SIGKILL)
    assert running.wait().code == -signal.SIGKILL
    return requests, seconds

"""Three years of a hundred accounts, killed twenty times: right in the end, and cheap all the same.

The undisturbed backfill that it is measured by runs beside it, against an equal world of its own.
"""

import random
import signal
import time

import pytest
from backfilled import LATE, forward, requests_of
from oracle import Truth, differences

ACCOUNTS, DAYS, KILLS, SEED = 100, 1095, 20, 7
WORDS = ("backfill", "--json", "--since", "2023-05-29", "--until", "2026-05-29", "--chunk", "90d")
BATCH = {"SYNC__BATCH_ACCOUNTS": "3"}  # of 1,300 chunks × accounts: a kill costs 0.2 % at most
LONGEST_LOAD = (
    1.5  # seconds that a kill comes after the request it was drawn for: within a load too
)


@pytest.fixture(scope="module")
def worlds(new_sandbox):
    return [new_sandbox(accounts=ACCOUNTS, posts=ACCOUNTS, days=DAYS) for _ in range(2)]


@pytest.fixture(scope="module")
def projects(new_project, worlds):
    """Both synced by a sync that was told to begin late."""
    late = [new_project(sandbox, **LATE) for sandbox in worlds]
    assert [project.sync().code for project in late] == [0, 0]
    return late


@pytest.mark.chaos
def test_three_years_of_a_hundred_accounts_killed_twenty_times(worlds, projects):
    """The truth, cursors as they were, and at most 5 % more requests than undisturbed."""
    (_, sandbox), (calm, project), chance = worlds, projects, random.Random(SEED)
    before, planned = forward(project), project.social(*WORDS, "-n").result["requests"]
    undisturbed = calm.start(*WORDS)
    sandbox.count_anew()

    moments = [killed(project, sandbox, chance, 1.6 * planned / KILLS) for _ in range(KILLS)]
    last = project.start(*WORDS, **BATCH).wait(3600)

    asked, least = sandbox.requests()["total"], requests_of(undisturbed.wait(3600))
    print(f"seed {SEED}, kills after requests, seconds: {moments}")
    print(f"planned {planned}, undisturbed {least}, killed {KILLS} times {asked}")
    assert last.code == 0
    assert asked <= 1.05 * least
    truth = Truth(sandbox.url)
    truth.observe()
    assert differences(truth, project.warehouse) == []
    assert forward(project) == before


def killed(project, sandbox, chance, most):
    """Begin a backfill and kill it at a random moment; after how many requests, and seconds."""
    running, before = project.start(*WORDS, **BATCH), sandbox.requests()["total"]
    requests, seconds = chance.randrange(int(most)), round(chance.uniform(0, LONGEST_LOAD), 3)
    while sandbox.requests()["total"] < before + requests:
        assert running.process.poll() is None, running.stderr.read_text()
        time.sleep(0.05)
    time.sleep(seconds)
    running.signal(signal.SIGKILL)
    assert running.wait().code == -signal.SIGKILL
    return requests, seconds

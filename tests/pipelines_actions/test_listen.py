"""`social listen`: stored once when genuine, one sync of its account, and then a row."""

import json
import signal
import subprocess
import sys
import time

import pytest
from deliveries import NEXT_SECRET, SECRET, event, leave, signature, start_listener, stored

NEVER = ("--debounce", "1h")  # events stay in the inbox


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=8, posts=40)


@pytest.fixture
def project(new_project, sandbox):
    sandbox.clear_faults()
    sandbox.count_anew()
    return new_project(sandbox)


@pytest.fixture(scope="module")
def idle(new_project, sandbox):
    """A listener that stores and never handles."""
    project = new_project(sandbox)
    return project, start_listener(project, *NEVER)


def handled(project):
    sql = "select event_id, account_id, outcome from webhook_events order by event_id"
    return project.query(sql)


@pytest.mark.parametrize(
    ("secret", "age", "status"),
    [
        (SECRET, 0, 200),
        (NEXT_SECRET, 0, 200),
        ("whsec_somebody_elses", 0, 401),
        ("", 0, 401),
        (SECRET, 330, 401),
        (SECRET, -330, 401),
    ],
    ids=["right", "rotated", "another", "empty", "old", "future"],
)
def test_who_signed_and_when(idle, request, secret, age, status):
    """Stored when one of our secrets signed it within 300 s; else 401."""
    project, listener = idle
    body = event(f"evt_{request.node.callspec.id}")
    before = len(stored(project))

    answered = listener.send(body, signature(body, secret, int(time.time()) - age))

    assert answered == status
    assert len(stored(project)) - before == (status == 200)


def test_what_was_signed(idle):
    """An altered byte, JSON written again, and a signature without its parts are refused."""
    project, listener = idle
    body = event("evt_bytes")
    before = stored(project)

    assert listener.send(body.replace(b"finalized", b"finalizec"), signature(body)) == 401
    assert listener.send(json.dumps(json.loads(body), indent=1).encode(), signature(body)) == 401
    assert listener.send(body, signature(body).split(",")[0]) == 401
    assert listener.send(body, "") == 401
    assert stored(project) == before


def test_two_signatures_of_which_one_is_right(idle):
    """A provider that rotates its secret signs with both."""
    _, listener = idle
    body = event("evt_two")
    at, right = signature(body).split(",")

    assert listener.send(body, f"{at},v1={'0' * 64},{right}") == 200


@pytest.mark.parametrize("declared", [True, False], ids=["with_length", "in_chunks"])
def test_body_beyond_the_cap(idle, declared):
    """2 MiB are refused for their size, signed or not, and the next delivery is served."""
    project, listener = idle
    body = event(f"evt_large_{declared}", text="x" * 2 * 1024 * 1024)
    pieces = (body[at : at + 65_536] for at in range(0, len(body), 65_536))
    before = stored(project)

    sent = body if declared else pieces

    assert listener.send(sent, signature(body)) == 413
    assert stored(project) == before
    assert listener.send(event(f"evt_after_large_{declared}")) == 200


def test_body_that_is_no_event(idle):
    """Genuine, and yet nothing to store: 400."""
    _, listener = idle

    assert [listener.send(body) for body in (b"{not json", b"[]", b"{}")] == [400, 400, 400]


def test_repeated_delivery_is_stored_once(idle):
    """By the header's id, by the body's, and also under a header that somebody changed."""
    project, listener = idle
    body = event("evt_repeated")
    before = len(stored(project))

    answers = [
        listener.send(body, event_id="evt_repeated"),
        listener.send(body, event_id="evt_repeated"),
        listener.send(body),
        listener.send(body, event_id="evt_changed"),
        listener.send(event("evt_body"), event_id="evt_header"),
        listener.send(event("evt_body"), event_id="evt_another_header"),
    ]

    assert answers == [200] * 6
    assert len(stored(project)) - before == 2


@pytest.mark.parametrize(
    ("secrets", "words"),
    [
        ("[]", "no signing secret"),
        (f'["{SECRET}", " "]', "is empty"),
    ],
)
def test_without_a_secret_nothing_starts(project, secrets, words):
    """Exit 2, naming the setting: an empty secret could be signed with by anybody."""
    ran = project.social("listen", "--port", "0", SOURCES__TOKPORTAL__WEBHOOK_SECRETS=secrets)

    assert ran.code == 2
    assert words in ran.stderr
    assert "SOURCES__TOKPORTAL__WEBHOOK_SECRETS" in ran.stderr


def test_several_events_of_an_account_are_one_sync(project, sandbox):
    """Debounced, that account alone is asked, and each event ends as a row."""
    one, other = sandbox.account("quiet"), sandbox.account("public")
    listener = start_listener(project, "--debounce", "0.5s")
    for number in range(4):
        assert listener.send(event(f"evt_{number}", saved_account_id=one)) == 200
    assert listener.send(event("evt_test")) == 200

    listener.running.wait_until(lambda: listener.said("inbox.handled"), "they are handled")
    listener.running.signal(signal.SIGTERM)
    ran = listener.running.wait()

    assert ran.code == 143
    assert ran.seconds < 30
    assert stored(project) == []
    assert handled(project) == [
        *((f"evt_{number}", one, "synced") for number in range(4)),
        ("evt_test", None, "no_account"),
    ]
    assert project.query("select count(*) from sync_runs where command = 'listen'") == [(1,)]
    drilled = {row["path"] for row in sandbox.log() if row["path"].startswith("/analytics/acc")}
    assert not any(other in path for path in drilled)
    assert project.query("select distinct account_id from account_snapshots") == [(one,)]


def test_kill_between_receiving_and_handling_loses_nothing(project, sandbox):
    """kill -9 after the answer, and in the middle of the sync: the next start handles each once."""
    account = sandbox.account("quiet")
    listener = start_listener(project, *NEVER)
    assert listener.send(event("evt_a", saved_account_id=account)) == 200
    listener.running.signal(signal.SIGKILL)
    assert listener.running.wait().code == -signal.SIGKILL
    assert len(stored(project)) == 1

    sandbox.fault("slow", "/analytics/accounts/.*", seconds=30)
    under_way = project.start("listen", "--once")
    under_way.wait_until(lambda: sandbox.requests()["total"] >= 3, "its sync asks")
    under_way.signal(signal.SIGKILL)
    under_way.wait()
    sandbox.clear_faults()
    assert len(stored(project)) == 1

    again = start_listener(project, "--debounce", "0.1s")
    again.running.wait_until(lambda: again.said("inbox.handled"), "it is handled")
    assert again.send(event("evt_a", saved_account_id=account)) == 200
    again.running.signal(signal.SIGTERM)
    again.running.wait()

    assert stored(project) == []
    assert handled(project) == [("evt_a", account, "synced")]


KILLED = """
import os, signal
from pipelines import drain
from pipelines.cli import main
drain.record = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
main()
"""


def test_kill_before_the_rows_are_committed_keeps_the_events(project):
    """An event leaves the inbox when its row is there, and not before."""
    leave(project, {"evt_kept": {}})

    killed = subprocess.run(
        [sys.executable, "-c", KILLED, "listen", "--once"], cwd=project.folder, env=project.env
    )

    assert killed.returncode == -signal.SIGKILL
    assert len(stored(project)) == 1
    assert project.social("listen", "--once").code == 0
    assert stored(project) == []
    assert handled(project) == [("evt_kept", None, "no_account")]


@pytest.mark.slow
def test_failing_sync_leaves_the_events(project, sandbox):
    """The events wait while the account cannot be read, and are handled once it can."""
    account = sandbox.account("quiet")
    leave(project, {"evt_wait": {"saved_account_id": account}, "evt_nobody": {}})
    sandbox.fault("status", f"/analytics/accounts/{account}", status=400, code="BAD")

    failing = project.social("listen", "--once")
    sandbox.clear_faults()
    refused = project.social("listen", "--once", SOURCES__TOKPORTAL__API_KEY=sandbox.key("wrong"))

    assert (failing.code, refused.code) == (3, 4)
    assert "1 left in the inbox" in failing.stderr
    assert len(stored(project)) == 1
    assert handled(project) == [("evt_nobody", None, "no_account")]
    assert project.social("listen", "--once").code == 0
    assert ("evt_wait", account, "synced") in handled(project)


@pytest.mark.slow
def test_events_stay_until_their_rows_are_committed(project):
    """The warehouse cannot be made at first; the events wait, and become rows once it can."""
    project.warehouse.symlink_to(project.folder / "missing" / "warehouse.duckdb")
    leave(project, {"evt_1": {"bundle_id": "bundle-of-nobody"}})

    failing = project.social("listen", "--once")
    waiting = stored(project)
    project.warehouse.unlink()

    assert (failing.code, len(waiting)) == (6, 1)
    assert project.social("listen", "--once").code == 0
    assert (handled(project), stored(project)) == ([("evt_1", None, "no_account")], [])


def test_stop_in_the_middle_of_a_sync(project, sandbox):
    """SIGTERM: the port is closed, the sync is stopped, the event stays; exit 143 within 10 s."""
    account = sandbox.account("quiet")
    sandbox.fault("slow", "/analytics/accounts/.*", seconds=30)
    listener = start_listener(project, "--debounce", "0.1s")
    assert listener.send(event("evt_stop", saved_account_id=account)) == 200
    listener.running.wait_until(lambda: sandbox.requests()["total"] >= 3, "its sync asks")
    begun = time.monotonic()

    listener.running.signal(signal.SIGTERM)
    ran = listener.running.wait()

    sandbox.clear_faults()
    assert ran.code == 143
    assert time.monotonic() - begun < 10
    assert len(stored(project)) == 1


def test_events_lead_to_accounts_and_bring_no_facts(project, sandbox):
    """By account, or by a bundle that the warehouse knows; nothing else it says is believed."""
    bundle = next(row for row in sandbox.get("/bundles")["data"] if row["saved_account_id"])
    account = bundle["saved_account_id"]
    assert project.sync("--accounts", account, "-s", "tokportal.bundles").code == 0
    lie = {"username": "liar", "views": 10**9, "banned": True}
    leave(
        project,
        {
            "evt_1": {"account_id": account, **lie},
            "evt_2": {"bundle_id": bundle["id"], **lie},
            "evt_3": {"bundle_id": "bundle-of-nobody"},
            "evt_4": {"saved_account_id": "account-of-nobody"},
        },
    )

    assert project.social("listen", "--once").code == 0

    assert handled(project) == [
        ("evt_1", account, "synced"),
        ("evt_2", account, "synced"),
        ("evt_3", None, "no_account"),
        ("evt_4", "account-of-nobody", "no_account"),
    ]
    rows = project.query("select a::varchar from accounts a")
    assert not any("liar" in row for (row,) in rows)
    told = "select distinct payload->>'$.data.username' from webhook_events where bundle_id = ?"
    assert project.query(told, bundle["id"]) == [("liar",)]


def test_the_verified_body_is_kept_whatever_it_speaks_of(project, sandbox):
    """A ban has a reason and an appeal that no endpoint gives in this form."""
    body = {
        "id": "evt_ban",
        "type": "account.banned",
        "api_version": "2026-05-25",
        "created_at": "2026-05-28T08:00:00.000Z",
        "data": {
            "saved_account_id": sandbox.accounts()[0],
            "reason": "spam",
            "appeal_status": "appeal_pending",
            "banned_at": "2026-05-28T07:00:00.000Z",
            "evidence": {"url": "https://example.com/1", "notes": [None, 1, "é"]},
        },
    }
    listener = start_listener(project, *NEVER)
    assert listener.send(json.dumps(body).encode()) == 200
    listener.running.signal(signal.SIGTERM)
    listener.running.wait()

    assert project.social("listen", "--once").code == 0

    ((kind, outcome, kept),) = project.query(
        "select type, outcome, cast(payload as varchar) from webhook_events"
    )
    assert (kind, outcome) == ("account.banned", "synced")
    assert json.loads(kept) == body


def test_empty_inbox_costs_nothing(project, sandbox):
    """No request, no warehouse, exit 0."""
    ran = project.social("listen", "--once")

    assert ran.code == 0
    assert sandbox.requests()["total"] == 0
    assert not project.warehouse.exists()

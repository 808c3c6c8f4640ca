"""`social listen`: stored once when genuine, one sync of its account, and then a row."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress

import pytest
import uvicorn
from deliveries import NEXT_SECRET, SECRET, event, leave, signature, start_listener, stored
from uvicorn.server import ServerState

from pipelines.connection_limits import ConnectionLimits, limited_protocol

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
    """By the body's id, whatever the header says."""
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


def test_the_header_decides_nothing(idle):
    """It is not signed: a delivery that is repeated under the id of another event, or of none yet,
    is the event that its body says, and the other one is stored when it comes."""
    project, listener = idle
    seen, to_come = event("evt_seen"), event("evt_to_come")
    nameless = [json.dumps({"type": "x", "data": {"n": n}}).encode() for n in range(2)]
    before = len(stored(project))

    assert listener.send(seen, event_id="evt_to_come") == 200
    assert listener.send(to_come, event_id="evt_seen") == 200
    assert listener.send(nameless[0], event_id="evt_same") == 200
    assert listener.send(nameless[1], event_id="evt_same") == 200
    assert listener.send(nameless[1], event_id="evt_other") == 200  # the same body

    assert len(stored(project)) - before == 4


def test_json_that_no_table_could_take_is_not_stored(idle):
    """Signed, and yet nested beyond 64 levels, made of a million lists, or with a key twice."""
    project, listener = idle
    before = stored(project)
    deep = b"[" * 100 + b"]" * 100
    bodies = [
        b'{"id":"evt_deep","data":' + deep + b"}",
        b'{"id":"evt_deeper","data":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b'{"id":"evt_many","data":[' + b"[]," * 340_000 + b"[]]}",
        b'{"id":"evt_twice","id":"evt_other","data":{}}',
    ]

    assert [listener.send(body) for body in bodies] == [400] * 4
    assert stored(project) == before


def connections(listener, count, said=b""):
    """Clients that connect and say this, and then nothing."""
    port = int(listener.url.rsplit(":", 1)[1].strip("/"))
    opened = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    for one in opened:
        with suppress(OSError):  # it made room already
            one.sendall(said)
    return opened


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"POST / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{",
    ],
    ids=["silent", "in the headers", "in the body"],
)
def test_idle_clients_do_not_keep_deliveries_out(idle, said, request):
    """300 of them, more than there are places: the one that waited longest makes room."""
    _, listener = idle
    name = request.node.callspec.id.replace(" ", "_")
    waiting = connections(listener, 300, said)
    started = time.monotonic()
    try:
        answers = [listener.send(event(f"evt_{name}_{n}")) for n in range(5)]
    finally:
        for one in waiting:
            one.close()

    assert answers == [200] * 5
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "said",
    [
        b"POST / HTTP/1.1\r\n" + b"x: y\r\n" * 10_000,
        b"POST / HTTP/1.1\r\nHost: " + b"x" * 40_000,
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    ],
    ids=["many headers", "a long header", "a websocket"],
)
def test_headers_beyond_the_cap_end_the_connection(idle, said):
    _, listener = idle
    (one,) = connections(listener, 1, said)
    one.settimeout(10)

    answered = b""
    with suppress(ConnectionError):
        while piece := one.recv(65_536):
            answered += piece

    assert answered.split(b" ")[1:2] in ([], [b"400"], [b"404"], [b"405"], [b"431"])
    assert listener.send(event("evt_after_headers")) == 200


def test_silence_and_the_peer_are_limited():
    """By the limits themselves: seconds of waiting would cost the suite as many."""

    async def run():
        limits = ConnectionLimits(total=5, per_peer=3, seconds=0.2)
        config = uvicorn.Config(_ok, http=limited_protocol(limits), lifespan="off", log_config=None)
        config.load()
        state = ServerState()
        server = await asyncio.get_running_loop().create_server(
            lambda: config.http_protocol_class(config=config, server_state=state, app_state={}),
            "127.0.0.1",
            0,
        )
        port = server.sockets[0].getsockname()[1]
        opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
        refused = await asyncio.wait_for(opened[3][0].read(), 0.15)
        started = time.monotonic()
        ended = [await reader.read() for reader, _ in opened[:3]]
        server.close()
        return refused, ended, time.monotonic() - started

    refused, ended, seconds = asyncio.run(run())

    assert (refused, ended) == (b"", [b""] * 3)
    assert seconds < 2


async def _ok(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize(("host", "warned"), [("0.0.0.0", True), ("127.0.0.1", False)])
def test_a_host_beyond_this_machine_is_warned_about(project, host, warned):
    listener = start_listener(project, *NEVER, "--host", host)
    listener.running.signal(signal.SIGTERM)
    listener.running.wait()

    assert listener.said("listen.exposed") == warned


POISON = """
from pipelines import event_rows
from pipelines.cli import main
row = event_rows._row
def poisoned(one):
    if one.waiting.event.event_id == "evt_poison":
        raise ValueError("no table takes this")
    return row(one)
event_rows._row = poisoned
main()
"""


def test_an_event_that_cannot_be_recorded_does_not_hold_the_others(project):
    """It is set aside with its reason, once (exit 3); the others end as rows."""
    leave(project, {"evt_a": {}, "evt_poison": {}, "evt_z": {}})

    ran = subprocess.run(
        [sys.executable, "-c", POISON, "listen", "--once", "--log-format", "json"],
        cwd=project.folder,
        env=project.env,
        capture_output=True,
        text=True,
    )

    assert ran.returncode == 3, ran.stderr
    assert "no table takes this" in ran.stderr
    assert stored(project) == []
    assert len(list((project.folder / "inbox" / "warehouse" / "aside").iterdir())) == 1
    assert [event_id for event_id, *_ in handled(project)] == ["evt_a", "evt_z"]
    assert project.social("listen", "--once").code == 0


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

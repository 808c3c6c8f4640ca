"""What stands in the way is said in one message, with the exit code that schedulers rely on."""

import resource
import shutil
import signal
import statistics
import subprocess
import sys
import time

import pytest
from oracle import Truth, differences


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=4, posts=12)


@pytest.fixture
def project(new_project, sandbox):
    sandbox.clear_faults()
    return new_project(sandbox)


@pytest.fixture(scope="module")
def first(new_project, sandbox):
    """A project that was synced."""
    project = new_project(sandbox)
    assert project.sync().code == 0
    return project


@pytest.fixture
def synced(project, first):
    """A project with a warehouse of its own, in step with the sandbox."""
    shutil.copy(first.warehouse, project.warehouse)
    return project


def one_message(ran, *words):
    """Exactly one line for people, with these words; no traceback anywhere."""
    assert len(ran.messages) == 1, ran.stderr
    (message,) = ran.messages
    for word in words:
        assert word in message
    assert message.endswith((".", ")"))
    assert "Traceback" not in ran.stdout + ran.stderr
    return True


def test_without_a_key(project):
    """Exit 2, naming the variable and the command that help."""
    ran = project.social("sync", SOURCES__TOKPORTAL__API_KEY="")

    assert ran.code == 2
    assert one_message(ran, "SOURCES__TOKPORTAL__API_KEY", "social init")


def test_with_a_wrong_key(project, sandbox):
    """Exit 4; nothing of a provider that refuses the key is asked again and again."""
    ran = project.social("sync", SOURCES__TOKPORTAL__API_KEY=sandbox.key("wrong"))

    assert ran.code == 4
    assert one_message(ran, "key")


def test_with_a_key_that_is_revoked_meanwhile(synced, sandbox):
    """Exit 4, and what an earlier run committed stays."""
    before = synced.query("select count(*) from tracked_posts")
    sandbox.edit("revoke_key", key=sandbox.key())

    ran = synced.social("sync")

    sandbox.edit("accept_key", key=sandbox.key())
    assert ran.code == 4
    assert one_message(ran, "key")
    assert synced.query("select count(*) from tracked_posts") == before


@pytest.mark.parametrize(
    "flags",
    [
        ("-s", "tokportal.nonsense"),
        ("-s", "nobody"),
        ("-x", "tokportal.nonsense"),
        ("-x", "tokportal"),
        ("--wait", "soon"),
    ],
    ids=" ".join,
)
def test_with_a_flag_that_means_nothing(project, sandbox, flags):
    """Exit 2 before anything is asked, naming what is wrong."""
    sandbox.count_anew()

    ran = project.social("sync", *flags)

    assert ran.code == 2
    assert one_message(ran)
    assert sandbox.requests()["total"] == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONCURRENCY", "many"),
        ("CONCURRENCY", "0"),
        ("RAW_MAX_LAG_DAYS", "-1"),
        ("START_DATE", "soon"),
    ],
)
def test_with_a_setting_that_is_none(project, name, value):
    """Exit 2, naming the setting and the value."""
    ran = project.social("sync", **{f"SOURCES__TOKPORTAL__{name}": value})

    assert ran.code == 2
    assert one_message(ran, name.lower(), value)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.invalid/api/ext",
        "http://127.0.0.1.example.invalid/api/ext",
        "ftp://127.0.0.1/",
        "nonsense",
    ],
)
def test_with_an_address_that_no_key_may_be_sent_to(project, url):
    """Plain http leaves this machine never: exit 2."""
    ran = project.social("sync", SOURCES__TOKPORTAL__BASE_URL=url)

    assert ran.code == 2
    assert one_message(ran, url)


def test_with_a_read_only_file(synced):
    """Exit 6, and the file is as it was."""
    synced.warehouse.chmod(0o444)
    before = synced.warehouse.read_bytes()

    ran = synced.social("sync")

    assert ran.code == 6
    assert one_message(ran, str(synced.warehouse))
    assert synced.warehouse.read_bytes() == before


def test_with_a_file_that_is_no_database(project):
    """Exit 6, and the file is as it was."""
    project.warehouse.write_bytes(b"not a database" * 1000)

    ran = project.social("sync")

    assert ran.code == 6
    assert one_message(ran, str(project.warehouse))
    assert project.warehouse.read_bytes() == b"not a database" * 1000
    project.warehouse.unlink()


def test_with_a_file_that_another_program_holds(synced):
    """Exit 6, naming the program's process."""
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, str(synced.warehouse)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    holder.stdout.readline()

    ran = synced.social("sync")

    holder.communicate(b"\n")
    assert ran.code == 6
    assert one_message(ran, str(synced.warehouse), str(holder.pid))
    assert synced.sync().code == 0


def test_with_a_directory_that_cannot_be_made(project):
    """Exit 6: a file stands where the folder should be."""
    (project.folder / "file").write_text("")
    path = project.folder / "file" / "warehouse.duckdb"

    ran = project.social("sync", DESTINATION__DUCKDB__CREDENTIALS=str(path))

    assert ran.code == 6
    assert one_message(ran)


def test_while_another_sync_runs(synced, sandbox):
    """Exit 7 within 2 s, naming the holder, also for who only reads; a killed holder frees it."""
    sandbox.fault("slow", "/accounts", seconds=300)
    sandbox.count_anew()
    holder = synced.start("sync")
    holder.wait_until(lambda: sandbox.requests()["total"], "the first sync's first request")

    # The best of a few, and not more than twice a command that asks nobody: a busy machine is no
    # fault of the lock.
    second = min((synced.social("sync") for _ in range(3)), key=lambda ran: ran.seconds)
    ruler = synced.social("sync", "-s", "nobody").seconds
    checked = time.monotonic()
    waiting = synced.social("sync", "--wait", "1s")
    waited = time.monotonic() - checked
    reading = synced.social("status")
    holder.signal(signal.SIGKILL)
    holder.wait()
    sandbox.clear_faults()
    third = synced.sync()

    assert second.code == 7
    assert second.seconds < max(2, 2 * ruler)
    assert one_message(second, f"pid {holder.process.pid}")
    assert waiting.code == 7
    assert waited >= 1
    assert reading.code == 7
    assert one_message(reading, f"pid {holder.process.pid}")
    assert third.code == 0


def test_sync_that_waits_gets_its_turn(synced, sandbox):
    """--wait: the second begins when the first is done, and has nothing left to do."""
    sandbox.fault("slow", "/accounts", seconds=2, times=1)
    sandbox.count_anew()
    running = synced.start("sync", "--json")
    running.wait_until(lambda: sandbox.requests()["total"], "the first sync's first request")

    second = synced.sync("--wait", "60s")

    assert running.wait().code == 0
    assert second.code == 0


@pytest.mark.slow
def test_with_a_provider_that_is_gone(new_project, new_sandbox):
    """Nothing listens there: exit 5, try later."""
    sandbox = new_sandbox(accounts=1, posts=0)
    project = new_project(sandbox)
    sandbox.stop()

    ran = project.social("sync")

    assert ran.code == 5
    assert one_message(ran)


@pytest.mark.slow
def test_with_a_provider_that_is_down(project, sandbox):
    """503 to everything: exit 5; the load does not multiply."""
    sandbox.count_anew()
    sandbox.fault("status", ".*", status=503, code="UNAVAILABLE")

    ran = project.social("sync")

    sandbox.clear_faults()
    assert ran.code == 5
    assert one_message(ran)
    assert sandbox.requests()["total"] <= 50


def test_with_a_rate_limit_beyond_patience(synced, sandbox):
    """Exit 5 at once, with the time to come back, and no request before it."""
    sandbox.count_anew()
    sandbox.fault(
        "status",
        "/analytics/accounts/.*",
        status=429,
        code="RATE_LIMIT_EXCEEDED",
        headers={"Retry-After": "7200"},
    )

    ran = synced.social("sync", "--json")

    sandbox.clear_faults()
    assert ran.code == 5
    assert one_message(ran, "2026-05-28 11:00")
    assert any(error["retry_at"] for error in ran.result["errors"])
    assert ran.seconds < 20


def test_with_a_redirect_the_key_stays_here(synced, sandbox, new_sandbox):
    """A redirect is not followed: the other host never hears of the key."""
    elsewhere = new_sandbox(accounts=1, posts=0)
    sandbox.fault("redirect", ".*", location=f"{elsewhere.base_url}/accounts")

    ran = synced.social("sync")

    sandbox.clear_faults()
    assert ran.code != 0
    assert one_message(ran, "302")
    assert elsewhere.requests()["total"] == 0


def test_with_the_key_in_the_secrets_file(synced, sandbox):
    """As `social init` leaves it to be filled in: found, used, and written down nowhere else."""
    (synced.folder / ".dlt" / "secrets.toml").write_text(
        f'[sources.tokportal]\napi_key = "{sandbox.key()}"\n'
    )
    truth = Truth(sandbox.url)

    ran = synced.sync(SOURCES__TOKPORTAL__API_KEY="")

    truth.observe()
    assert ran.code == 0
    assert differences(truth, synced.warehouse) == []


def test_with_a_key_that_was_rotated(synced, sandbox):
    """The secret is read once more when it is refused: the run goes on with the new one."""
    secrets = synced.folder / ".dlt" / "secrets.toml"
    secrets.write_text(f'[sources.tokportal]\napi_key = "{sandbox.key()}_old"\n')
    sandbox.fault("slow", "/accounts", seconds=1)
    sandbox.count_anew()
    running = synced.start("sync", "--json", SOURCES__TOKPORTAL__API_KEY="")
    running.wait_until(lambda: sandbox.requests()["total"] >= 2, "the listing is asked")

    secrets.write_text(f'[sources.tokportal]\napi_key = "{sandbox.key()}_new"\n')
    sandbox.edit("revoke_key", key=f"{sandbox.key()}_old")
    ran = running.wait()

    sandbox.clear_faults()
    assert ran.code == 0


def test_help_comes_at_once(project):
    """`social --help` takes less than 0.3 s of the processor, half of the times at least."""
    took = []
    for _ in range(5):
        before = cpu_seconds()
        assert project.social("--help").code == 0
        took.append(cpu_seconds() - before)

    assert statistics.median(took) < 0.3


def cpu_seconds():
    """Processor time of ended children: what a command costs however busy the machine is."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime

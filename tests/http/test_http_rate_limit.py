"""The rate of a key: used to the full, never exceeded, shared by every process of the machine."""

import asyncio
import fcntl
import os
import struct
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from bucket_server import Bucket, Served, workers
from scripted_server import Asker

from sources.http import rate_limit
from sources.http.client import HttpClient
from sources.http.rate_limit import RateLimit


def taken(rate: RateLimit, most: int = 10_000) -> int:
    """How many requests may leave at this moment."""
    count = 0
    while count < most and _try_to_take(rate) <= 0:
        count += 1
    return count


def wait(rate: RateLimit) -> float:
    """Seconds until the next request may leave."""
    return max(0.0, _try_to_take(rate))


def _try_to_take(rate: RateLimit) -> float:
    while (wait := rate._take()) is None:  # another taker has the state
        time.sleep(0.0001)
    return wait


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "rates"


def test_several_processes_use_the_whole_rate_and_no_more(folder: Path) -> None:
    """Three processes with one key against a real bucket: no 429, above 95 % of what is allowed."""
    bucket = Bucket(600)
    with Served(bucket) as served:
        started = time.monotonic()
        bucket.refill()
        with workers(3, served.url, folder, 600, time.time() + 7):
            pass
        first, last = bucket.served[0], bucket.served[-1]

    assert bucket.early == 0
    assert last - started > 6
    assert len(bucket.served) >= 0.95 * (600 + 10 * (last - first))
    steady = [at for at in bucket.served if at > last - 2]
    assert len(steady) >= 0.95 * 10 * 2


def test_no_token_is_taken_twice(folder: Path) -> None:
    """Eight takers at once, each with the file opened anew, as processes have it."""
    per_minute = 12_000.0
    rates = [RateLimit(per_minute, key="k", folder=folder) for _ in range(8)]
    started = time.monotonic()
    with ThreadPoolExecutor(8) as takers:
        count = sum(takers.map(taken, rates))

    allowed = per_minute * 0.96 + (time.monotonic() - started) * per_minute / 60
    assert per_minute * 0.96 <= count <= allowed + 1


def test_strangers_with_the_same_key_are_noticed(folder: Path, ask_fast: Asker) -> None:
    """The headers of each answer tell what another machine has used."""
    bucket = Bucket(600)
    bucket.tokens = 30

    with Served(bucket) as served:
        connection = ask_fast.connect(served.url)
        connection.rate = RateLimit(600, key="k", folder=folder)

        async def ask_fifty() -> None:
            async with HttpClient(connection) as http:
                for _ in range(50):
                    await http.get("/x", endpoint="/x", read=lambda body: body)

        asyncio.run(ask_fifty())

    assert (len(bucket.served), bucket.early) == (50, 0)


def test_burst_is_a_minutes_worth_and_then_the_rate_holds(folder: Path) -> None:
    """A little less than the provider allows: requests reach it later than they leave."""
    rate = RateLimit(120, key="k", folder=folder)

    assert 0.95 * 120 < taken(rate) <= 120
    assert 0.35 < wait(rate) <= 0.51


@pytest.mark.parametrize(
    ("limit", "remaining", "left"),
    [
        (120, 60, 55),
        (120, 5, 0),
        (120, 0, 0),
        (120, -50, 0),
        (120, 500, 115),
        (60, 60, 57),
        (None, 0, 115),
        (120, None, 115),
        (0, 0, 115),
        (0.001, 0, 115),
        (float("inf"), 0, 115),
        (float("nan"), 0, 115),
        (120, float("nan"), 115),
    ],
)
def test_headers_correct_the_bucket(
    folder: Path, limit: float | None, remaining: float | None, left: int
) -> None:
    """Stricter at once; what is absurd changes nothing."""
    rate = RateLimit(120, key="k", folder=folder)

    rate.observe(limit, remaining)

    assert abs(taken(rate) - left) <= 1
    assert wait(rate) < 4


def test_answers_do_not_give_back_what_is_under_way(folder: Path) -> None:
    """A header that was written before our last requests arrived does not know of them."""
    rate = RateLimit(120, key="k", folder=folder)
    for _ in range(50):
        rate._take()

    rate.observe(120, 110)

    assert taken(rate) <= 70


@pytest.mark.parametrize(("ceiling", "per_minute"), [(False, 300.0), (True, 120.0)])
def test_provider_may_raise_a_rate_that_the_user_did_not_set(
    folder: Path, ceiling: bool, per_minute: float
) -> None:
    """What the user set leaves room for others and is a ceiling."""
    rate = RateLimit(120, key="k", ceiling=ceiling, folder=folder)

    rate.observe(300, 300)

    assert rate.per_minute == per_minute


def test_users_ceiling_is_not_slowed_by_a_roomier_bucket(folder: Path) -> None:
    """At half the provider's rate, half its bucket used is no reason to wait long."""
    rate = RateLimit(60, key="k", folder=folder)

    rate.observe(120, 60)

    assert taken(rate) >= 20


def test_pause_holds_for_every_process(folder: Path) -> None:
    """A hint is about the key, whoever heard it; a shorter one does not shorten it."""
    rate, other = (RateLimit(120, key="k", folder=folder) for _ in range(2))
    rate.pause(5)
    rate.pause(1)

    assert 4 < wait(other) <= 5
    assert taken(RateLimit(120, key="another", folder=folder)) > 100


def test_waiting_is_told_in_seconds(folder: Path) -> None:
    """It goes into the result line."""
    rate = RateLimit(120, key="k", folder=folder)
    rate.pause(0.2)

    assert 0.19 <= asyncio.run(rate.acquire()) < 0.5
    assert asyncio.run(rate.acquire()) == 0


@pytest.mark.parametrize(
    "state",
    [
        b"",
        b"x",
        b"\xff" * 16,
        b"garbage that is longer than it should be",
        struct.pack("<dd", float("nan"), float("inf")),
        struct.pack("<dd", -5.0, -5.0),
        struct.pack("<dd", 1e12, 1e12),
        struct.pack("<dd", 1.8e9, 1.8e9),
    ],
    ids=["empty", "short", "ones", "long", "nan", "negative", "far", "wall clock"],
)
def test_state_that_cannot_be_is_as_if_absent(folder: Path, state: bytes) -> None:
    """A corrupt file, or one from before the last start: a full bucket, and it works from there."""
    folder.mkdir()
    (folder / "rate-k").write_bytes(state)
    (folder / "rate-k").chmod(0o600)
    rate = RateLimit(120, key="k", folder=folder)

    assert taken(rate) == 115
    assert wait(rate) < 1


def test_clock_step_moves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wall clock may jump a year: neither a burst nor an endless wait comes of it."""
    rate = RateLimit(120, key="k", folder=folder)
    spent = taken(rate)
    now = time.time()
    waits = []
    for step in (-31_536_000, -60, 60, 31_536_000):
        monkeypatch.setattr(time, "time", lambda step=step: now + step)
        waits.append(wait(rate))

    assert spent == 115
    assert all(0.3 < seconds <= 0.51 for seconds in waits)


def _foreign_file(file: Path) -> None:
    file.write_bytes(b"")
    os.chown(file, 65_534, 65_534)


def _open_file(file: Path) -> None:
    file.write_bytes(struct.pack("<dd", 0.0, time.monotonic() + 100))
    file.chmod(0o666)


def _linked_folder(file: Path) -> None:
    file.parent.rmdir()
    (file.parent.parent / "elsewhere").mkdir()
    file.parent.symlink_to(file.parent.parent / "elsewhere")


def _file_as_folder(file: Path) -> None:
    file.parent.rmdir()
    file.parent.write_text("")


AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
OBSTACLES = {
    "a file as the folder": _file_as_folder,
    "a link as the folder": _linked_folder,
    "a folder that others may write": lambda file: file.parent.chmod(0o777),
    "a folder of another user": lambda file: os.chown(file.parent, 65_534, 65_534),
    "a link": lambda file: file.symlink_to(file.parent.parent / "foreign"),
    "a second name of a file": lambda file: file.hardlink_to(file.parent.parent / "foreign"),
    "a folder": lambda file: file.mkdir(),
    "a pipe": lambda file: os.mkfifo(file, 0o600),
    "a device": lambda file: file.symlink_to("/dev/full"),
    "a file of another user": _foreign_file,
    "a file that others may write": _open_file,
}


@pytest.mark.parametrize(
    "obstacle",
    [pytest.param(name, marks=AS_ROOT if "another user" in name else ()) for name in OBSTACLES],
)
def test_a_state_that_is_not_ours_alone_is_not_used(tmp_path: Path, obstacle: str) -> None:
    """The rate is kept in this process, and answers correct it; nothing foreign is written to."""
    folder, foreign = tmp_path / "rates", tmp_path / "foreign"
    foreign.write_text("precious")
    foreign.chmod(0o600)
    folder.mkdir(mode=0o700)
    OBSTACLES[obstacle](folder / "rate-k")
    rate = RateLimit(120, key="k", folder=folder)

    assert rate.problem
    assert taken(rate) == 115
    assert foreign.read_text() == "precious"


def test_a_lock_that_is_not_given_back_stops_nothing(folder: Path) -> None:
    """Others hold it for microseconds. A process that keeps it delays a request by two seconds, and
    the event loop goes on meanwhile."""
    rate = RateLimit(120, key="k", folder=folder)
    taken(rate, 1)
    held = os.open(folder / "rate-k", os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX)
    rate.observe(120, 60)  # neither waits nor is forgotten
    longest = 0.0

    async def ask_while_it_is_held() -> float:
        nonlocal longest
        asking = asyncio.create_task(rate.acquire())
        while not asking.done():
            before = time.monotonic()
            await asyncio.sleep(0)
            longest = max(longest, time.monotonic() - before)
        return await asking

    waited = asyncio.run(ask_while_it_is_held())
    os.close(held)

    assert waited < 4
    assert longest < 0.5
    assert 53 <= taken(rate) <= 63  # 55, and what two seconds bring


def test_the_state_lies_where_only_its_user_may_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the user's state folder; in the session's where that cannot be used; never among the
    temporary files of all users."""
    for name in ("state", "session", "tmp"):
        (tmp_path / name).mkdir(mode=0o700)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "session"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)

    assert RateLimit(120, key="k").problem is None
    assert [path.parent.name for path in (tmp_path / "state").glob("*/*")] == ["social-warehouse"]
    (tmp_path / "state" / "social-warehouse").chmod(0o777)
    assert RateLimit(120, key="k").problem is None
    assert [path.parent.name for path in (tmp_path / "session").glob("*/*")] == ["social-warehouse"]
    (tmp_path / "session" / "social-warehouse").chmod(0o777)
    assert "open to other users" in str(RateLimit(120, key="k").problem)
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_folder_that_was_deleted_is_made_again(folder: Path) -> None:
    """Somebody took it away while the run went on: processes share again at once."""
    rate, other = (RateLimit(120, key="k", folder=folder) for _ in range(2))
    taken(rate)
    (folder / "rate-k").unlink()
    folder.rmdir()

    rate.pause(5)

    assert wait(other) > 4


def test_files_are_private_and_named_without_the_key(folder: Path) -> None:
    """Nobody else on the machine reads or writes them; no file is left open."""
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    rate = RateLimit(120, key="k", folder=folder)
    taken(rate)

    assert (folder.stat().st_mode & 0o777, (folder / "rate-k").stat().st_mode & 0o777) == (
        0o700,
        0o600,
    )
    if before:
        assert len(os.listdir("/proc/self/fd")) == before


def test_longest_pause_is_an_hour(folder: Path) -> None:
    """A wild hint cannot lock a key for good."""
    rate = RateLimit(120, key="k", folder=folder)
    rate.pause(1e9)

    assert 3500 < wait(rate) <= rate_limit._LONGEST_PAUSE_SECONDS

"""What is printed never decides what is loaded: a closed, full or blocked output costs messages."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FULL = "/dev/full"
needs_full_device = pytest.mark.skipif(
    not Path(FULL).is_char_device(), reason=f"there is no device {FULL}"
)


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=4, posts=12, days=10)


@pytest.fixture(scope="module")
def synced(new_project, sandbox):
    project = new_project(sandbox)
    assert project.sync().code == 0
    return project


def in_shell(project, script, **env):
    """Exit codes of the parts of a pipeline in bash, its stdout and its stderr."""
    path = f"{Path(sys.executable).parent}:{project.env['PATH']}"
    ran = subprocess.run(
        ["bash", "-c", f"{script}\necho ${{PIPESTATUS[@]}} > codes"],
        cwd=project.folder,
        env=project.env | {"PATH": path} | env,
        capture_output=True,
        text=True,
        timeout=300,
    )
    codes = (project.folder / "codes").read_text().split()
    return [int(code) for code in codes], ran.stdout, ran.stderr


@pytest.mark.parametrize(
    "script",
    [
        "social sync 2>&1 | head -c 60",
        "social sync --json --log-format plain 2>&- | head -c 1",
        pytest.param("social sync --json > /dev/full 2>&1", marks=needs_full_device),
        "social sync --json 2>&- >&- <&-",
    ],
)
def test_sync_loads_everything_whatever_becomes_of_its_output(new_project, sandbox, script):
    project = new_project(sandbox, SYNC__BATCH_ACCOUNTS="1")

    codes, *_ = in_shell(project, script)

    assert codes[0] == 0
    assert project.query("select count(distinct account_id) from sync_account_status") == [(4,)]
    assert project.query("select exit_code from sync_runs") == [(0,)]


def test_sync_ends_although_nobody_reads_its_messages(new_project, sandbox):
    """A pipe that is full and stays open: the run goes on, and the last line comes when it can."""
    project = new_project(sandbox, SYNC__BATCH_ACCOUNTS="1")
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    while True:
        try:
            os.write(writer, b"x" * 4096)
        except BlockingIOError:
            break
    os.set_blocking(writer, True)

    process = subprocess.Popen(
        [Path(sys.executable).parent / "social", "sync"],
        cwd=project.folder,
        env=project.env,
        stdout=subprocess.DEVNULL,
        stderr=writer,
    )
    os.close(writer)
    loaded = "select count(distinct account_id) from sync_account_status"
    code = process.wait(240)

    assert code == 0
    assert project.query(loaded) == [(4,)]
    os.close(reader)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("backfill --since 2026-05-20 --until 2026-05-22 --json", 0),
        ("refresh tokportal --all --yes --json", 3),  # some of the accounts are refused
        ("status --max-age 0s", 8),
    ],
)
def test_a_closed_pipe_leaves_the_exit_code_of_the_work(synced, command, code):
    codes, *_ = in_shell(synced, f"social {command} 2>&1 | head -c 1")

    assert codes[0] == code


def test_output_that_is_the_whole_result_must_arrive(new_project):
    """A reader that closes has enough; a disk that is full has not."""
    project = new_project()

    assert in_shell(project, "social schema | head -1")[::2] == ([0, 0], "")
    codes, _, said = in_shell(project, "social schema >&-")
    assert (codes, said) == ([6], "The output could not be written to stdout: it is closed.\n")


@needs_full_device
def test_a_full_disk_is_named_where_the_output_is_the_result(new_project):
    codes, _, said = in_shell(new_project(), "social schema > /dev/full")

    assert codes == [6]
    assert "No space left on device" in said

"""What the examples in deploy/schedule/ do when they are stopped."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SCHEDULE = ROOT / "deploy" / "schedule"
NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    """So slow that no sync of it ends by itself."""
    return new_sandbox(accounts=8, posts=400, days=60, rate=30)


@pytest.fixture
def namespace():
    tried = subprocess.run([*NAMESPACE, "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"no PID namespace can be made here: {tried.stderr.strip()}")
    return NAMESPACE


def first_process(outside):
    """The process that is number 1 within the namespace."""
    children = Path(f"/proc/{outside.pid}/task/{outside.pid}/children")
    return int(children.read_text().split()[0])


def start(project, command, stdin=None, **env):
    path = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.Popen(
        command,
        cwd=project.folder,
        env={**project.env, "PATH": path, **env},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for(true, seconds=60):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it does not begin"
        time.sleep(0.1)


def container():
    job = yaml.safe_load((SCHEDULE / "kubernetes.yml").read_text())["spec"]["jobTemplate"]
    (one,) = job["spec"]["template"]["spec"]["containers"]
    return one


def test_the_kubernetes_example_stops_at_sigterm(new_project, sandbox, namespace):
    """The sync is process 1 of its container; the kernel drops signals that process 1 does not
    handle. What it has is committed, within seconds."""
    project = new_project(sandbox)
    one = container()
    running = start(project, [*namespace, *one["command"], *one.get("args", [])])
    wait_for(lambda: sandbox.requests()["total"] > 3)

    os.kill(first_process(running), signal.SIGTERM)
    began = time.monotonic()
    output, _ = running.communicate(timeout=30)

    assert time.monotonic() - began < 10
    assert running.returncode == 143, output
    assert "exit 143" in output


def test_process_1_stops_at_sigterm_whatever_it_does(new_project, namespace):
    """Also a command that listens to no signal: this one waits for SQL."""
    running = start(new_project(), [*namespace, "social", "query", "-"], stdin=subprocess.PIPE)
    status = Path(f"/proc/{running.pid}/task/{running.pid}/children")
    wait_for(lambda: status.read_text())
    handles = Path(f"/proc/{first_process(running)}/status")
    wait_for(lambda: int(handles.read_text().split("SigCgt:")[1].split()[0], 16) & 1 << 14)

    os.kill(first_process(running), signal.SIGTERM)

    assert running.wait(10) == 143
    running.communicate()


def test_run_sh_passes_sigterm_on(new_project, sandbox, tmp_path):
    """It ends when the sync has ended, with its exit code."""
    project = new_project(sandbox)
    schedule = tmp_path / "deploy" / "schedule"
    schedule.mkdir(parents=True)
    shutil.copy(SCHEDULE / "run.sh", schedule)
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    shutil.copytree(project.folder / ".dlt", tmp_path / ".dlt")
    log = tmp_path / "log"
    sandbox.count_anew()
    running = start(project, ["sh", str(schedule / "run.sh"), "sync"], SOCIAL_LOG=str(log))
    wait_for(lambda: sandbox.requests()["total"] > 3)

    running.terminate()

    assert running.wait(15) == 143
    assert "exit 143" in log.read_text()

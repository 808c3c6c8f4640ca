"""What the program makes can be read by its user alone, also while it runs and after a kill."""

import os
import signal
import stat
from contextlib import suppress

import pytest

# Made by the test itself.
OURS = (".dlt/config.toml", ".dlt", "home", "tmp", "said")


def open_to_others(project):
    """Files of the program that other users may read, write or enter."""
    found = []
    for path in project.folder.rglob("*"):
        name = str(path.relative_to(project.folder))
        with suppress(FileNotFoundError):  # temporary
            mode = path.lstat().st_mode
            if name not in OURS and not name.startswith("said/") and not stat.S_ISLNK(mode):
                found += [f"{name} {mode:o}"] if mode & 0o077 else []
    return found


@pytest.fixture
def open_umask():
    """A shell whose new files everybody may read and write."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_files_are_private_while_a_sync_runs_and_after_a_kill(new_sandbox, new_project, open_umask):
    """The database, its log, the lock, the inbox, the rate and temporary files."""
    sandbox = new_sandbox(accounts=8, posts=60, days=10)
    project = new_project(sandbox)
    running = project.start("sync", "--json", SYNC__BATCH_SECONDS="0.5")
    seen = set()

    def killed_after_a_batch():
        seen.update(open_to_others(project))
        return running.batches() or running.process.poll() is not None

    running.wait_until(killed_after_a_batch, "a batch is loaded")
    running.signal(signal.SIGKILL)
    running.process.wait()
    seen.update(open_to_others(project))

    assert project.sync().code == 0
    assert (
        project.social("listen", "--once", SOURCES__TOKPORTAL__WEBHOOK_SECRETS="whsec_1").code == 0
    )
    assert project.warehouse.exists()
    assert sorted(seen | set(open_to_others(project))) == []

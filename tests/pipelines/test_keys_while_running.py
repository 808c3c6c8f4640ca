"""Keys, passwords and signing secrets are in no file, output or argument while commands run."""

import base64
import json
import os
import sys
import threading
import time
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "pipelines_actions"))

from deliveries import event, start_listener

pytestmark = pytest.mark.slow
ENGINES = ("duckdb", "postgres")


class Watch:
    """Looks at every file of the project and every process's arguments, again and again."""

    def __init__(self, project):
        self._folder = project.folder
        word = project.canary.encode()
        self._forms = {word, *(base64.b64encode(b" " * n + word)[4:-4] for n in range(3))}
        self._seen = {}
        self.found, self.rounds, self.files, self.arguments = set(), 0, set(), set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        assert self._thread.is_alive(), "it stopped looking"
        self._ended.set()
        self._thread.join()

    def _run(self):
        while not self._ended.is_set():
            for process in Path("/proc").glob("[0-9]*/cmdline"):
                self._look(process, self.arguments)
            for folder, _, names in os.walk(self._folder):  # which leaves out what vanishes
                for name in names:
                    self._look_if_changed(Path(folder, name))
            self.rounds += 1
            time.sleep(0.02)

    def _look_if_changed(self, file):
        try:
            found = file.stat()
        except OSError:
            return
        state = (found.st_mtime_ns, found.st_size)
        if file.is_file() and self._seen.get(file) != state:
            self._seen[file] = state
            self._look(file, self.files)

    def _look(self, file, looked_at):
        try:
            content = file.read_bytes()
        except OSError:
            return
        if b"social" in content or looked_at is self.files:
            looked_at.add(content if looked_at is self.arguments else file)
        if any(form in content for form in self._forms):
            self.found.add(str(file))


@pytest.mark.parametrize("engine", ENGINES)
def test_no_key_is_left_anywhere_while_commands_run(new_sandbox, new_project, request, engine):
    """Through a first sync with marts, a refused key, a report, a copy, a query and a delivery."""
    sandbox = new_sandbox(accounts=8, posts=40, days=5)
    server = request.getfixturevalue("postgres") if engine == "postgres" else None
    project = new_project(
        sandbox,
        postgres=server,
        providers=("tokportal", "genviral", "tokfluence"),
        SOCIAL_NO_TRANSFORM="",
    )
    with Watch(project) as watch:
        assert project.sync("-v").code == 0
        assert project.sync("-v", SOURCES__TOKPORTAL__API_KEY=sandbox.key("wrong")).code == 4
        assert project.social("transform", "-v", "--full-refresh").code == 0
        assert project.social("report", "-o", str(project.folder / "page.html")).code == 0
        assert project.social("query", "select count(*) from tokportal.accounts").code in (0, 2)
        if engine == "duckdb":
            parquet = str(project.folder / "parquet")
            assert project.social("publish", "--parquet", parquet).code == 0
        listener = start_listener(project, "--debounce", "0.1s")
        account = sandbox.account("quiet")
        assert listener.send(event("evt_1", saved_account_id=account)) == 200
        assert listener.send(b"{}", "t=1,v1=" + "0" * 64) == 401
        listener.running.wait_until(lambda: listener.said("inbox.handled"), "it is handled")
        listener.running.process.terminate()
        listener.running.wait()

    assert watch.found == set()
    assert watch.rounds > 50
    assert len(watch.files) > 20
    assert any(b"transform" in argument for argument in watch.arguments), json.dumps(
        [argument.decode(errors="replace") for argument in watch.arguments]
    )

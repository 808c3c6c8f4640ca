"""Text of other people is shown and not obeyed, wherever it reaches a terminal."""

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipelines.progress import JsonLines, Live, Plain

SOCIAL = Path(sys.executable).parent / "social"

# Markup, a link; title, clipboard, colour, cursor, bell, C1, reading direction, going back.
HOSTILE = (
    "[bold red]b[/] [link=http://x]l[/link] :boom:"
    " \x1b]0;owned\x07 \x1b]52;c;ZXZpbA==\x07 \x1b[31mred \x1b[2J\x1b[H \x9b31m \x9d0;t\x9c"
    " \u202egnp.exe \u2066x\u2069 \u061c \r overwritten \x08\x08"
)
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
OF_RICH = re.compile(r"\x1b\[[0-9;]*m")  # its own colours


def assert_harmless(text):
    found = OBEYED.search(OF_RICH.sub("", text).replace("\r\n", "\n"))
    assert found is None, (found, text)
    assert "[bold red]b[/]" in text.replace("\n", "")  # shown as it is


def on_a_terminal(project, *args, **env):
    """What a command writes to a terminal of 400 columns."""
    ours, theirs = pty.openpty()
    settings = project.env | {"TERM": "xterm-256color", "COLUMNS": "400", "LINES": "50"} | env
    process = subprocess.Popen(
        [str(SOCIAL), *args],
        cwd=project.folder,
        env=settings,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    said = b""
    try:
        while piece := os.read(ours, 65_536):
            said += piece
    except OSError:  # the other side is closed
        pass
    process.wait(60)
    os.close(ours)
    return said.decode()


@pytest.fixture(scope="module")
def project(new_project):
    """A warehouse in which names, texts and messages are hostile."""
    made = new_project()
    with duckdb.connect(str(made.warehouse)) as connection:
        connection.execute("create schema tokportal; create table posts (caption varchar)")
        connection.execute("insert into posts values (?)", [HOSTILE])
    return made


def test_a_table_of_a_query_obeys_nothing(project):
    """In its cells and in the names of its columns; on a terminal, and through a pipe into one."""
    name = HOSTILE.replace('"', "")
    sql = f'select caption, 1 as "{name}" from posts'

    assert_harmless(on_a_terminal(project, "query", sql))
    assert_harmless(project.social("query", sql).stdout)
    assert_harmless(on_a_terminal(project, "query", f'select "{name}" from posts'))  # an error


def test_csv_and_json_keep_every_character(project):
    """JSON writes what a terminal would obey as \\u001b, which is the same value."""
    sql = "select caption from posts"
    as_json = project.social("query", "--format", "json", sql).stdout
    as_csv = subprocess.run(
        [str(SOCIAL), "query", "--format", "csv", sql],
        cwd=project.folder,
        env=project.env,
        capture_output=True,
        check=True,
    ).stdout.decode()

    assert json.loads(as_json) == [{"caption": HOSTILE}]
    assert OBEYED.search(as_json) is None
    assert list(csv.reader(io.StringIO(as_csv, newline="")))[1] == [HOSTILE]


def test_a_spreadsheet_finds_no_formula(project):
    """Text alone gets the apostrophe; numbers below zero stay numbers."""
    signs = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "a;=1")
    texts = ", ".join(f"({number}, '{text}', -5)" for number, text in enumerate(signs))
    sql = f'select v.text as "=name", v.n from (values {texts}) as v(i, text, n) order by i'
    ran = subprocess.run(
        [str(SOCIAL), "query", "--safe-csv", sql],
        cwd=project.folder,
        env=project.env,
        capture_output=True,
        check=True,
    )

    header, *rows = csv.reader(io.StringIO(ran.stdout.decode(), newline=""))
    assert header == ["'=name", "n"]
    assert [text for text, _ in rows] == [*(f"'{text}" for text in signs[:-1]), signs[-1]]
    assert {number for _, number in rows} == {"-5"}
    assert b'"a;=1"' in ran.stdout


def test_events_of_a_run_obey_nothing(capsys):
    """Logs too: a value with a line break makes no second event."""
    for progress in (Plain(), Live(), JsonLines("r")):
        progress.event("account.failed", "warning", reason=f"{HOSTILE}\nforged  event=1")
        said = capsys.readouterr().err
        found = OBEYED.search(OF_RICH.sub("", said))
        assert found is None, (found, said)
    assert said.count("\n") == 1


def test_status_and_verify_obey_nothing(new_sandbox, new_project):
    """Ids, codes and messages of the ledgers, and keys that break a rule."""
    sandbox = new_sandbox(accounts=8, posts=20, days=3)
    project = new_project(sandbox)
    assert project.sync("-s", "tokportal.accounts", "-s", "tokportal.drilldown").code == 0
    with duckdb.connect(str(project.warehouse)) as connection:
        for column in ("error_code", "error_message"):
            sql = f"update tokportal.sync_account_status set status = 'failed', {column} = ?"
            connection.execute(sql, [HOSTILE])
        connection.execute("update tokportal.sync_account_status set account_id = ?", [HOSTILE])
        connection.execute("update tokportal.tracked_posts set account_id = ?", [HOSTILE])

    for command in (["status"], ["status", "--max-age", "1s"], ["verify"]):
        assert_harmless(on_a_terminal(project, *command))

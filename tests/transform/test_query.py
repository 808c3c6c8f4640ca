"""`social query`: what it prints, and that it cannot write."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

ENGINES = ("duckdb", pytest.param("postgres", marks=pytest.mark.slow))
ROW = (
    "select cast(null as varchar) as nothing, '' as empty, 'a,\"b\"' as text,"
    " cast(12345678901234567890.10 as decimal(30, 2)) as money, 9007199254740993 as whole,"
    " true as yes, cast('2026-05-28 11:00:00+02' as timestamptz) as at,"
    " cast('2026-05-28' as date) as day, 0.5::double precision as half"
)
WRITES = (
    "delete from posts",
    "create table other (a int)",
    "select 1; drop table posts",
    "commit; drop table posts",
)


@pytest.fixture(scope="module", params=ENGINES)
def project(new_project, request):
    """A warehouse with one table of three rows."""
    server = request.getfixturevalue("postgres") if request.param == "postgres" else None
    made = new_project(postgres=server, schema="public" if server else "main")
    if server:
        made.query("create table posts as select generate_series(1, 3) as id")
    else:
        with duckdb.connect(str(made.warehouse)) as warehouse:
            warehouse.execute("create table posts as select range + 1 as id from range(3)")
    return made


def test_csv_tells_null_from_an_empty_text(project):
    ran = project.social("query", "--format", "csv", ROW)

    assert ran.code == 0, ran.stderr
    assert ran.stdout.splitlines() == [
        "nothing,empty,text,money,whole,yes,at,day,half",
        ',"","a,""b""",12345678901234567890.10,9007199254740993,true,'
        "2026-05-28T09:00:00+00:00,2026-05-28,0.5",
    ]
    assert list(csv.reader(io.StringIO(ran.stdout)))[1][2] == 'a,"b"'


def test_json_keeps_every_digit_and_says_times_in_utc(project):
    ran = project.social("query", "--format", "json", ROW)

    (row,) = json.loads(ran.stdout, parse_float=str)
    assert row == {
        "nothing": None,
        "empty": "",
        "text": 'a,"b"',
        "money": "12345678901234567890.10",
        "whole": 9007199254740993,
        "yes": True,
        "at": "2026-05-28T09:00:00+00:00",
        "day": "2026-05-28",
        "half": "0.5",
    }


def test_no_row_has_its_columns_all_the_same(project):
    sql = "select id from posts where id > 5"

    assert project.social("query", "--format", "csv", sql).stdout.splitlines() == ["id"]
    assert project.social("query", "--format", "json", sql).result == []


def test_a_table_is_not_cut_in_a_pipe(project):
    ran = project.social("query", f"select '{'long ' * 100}' as words, null as nothing")

    assert "long " * 100 in ran.stdout
    assert "NULL" in ran.stdout


@pytest.mark.parametrize("sql", WRITES)
def test_nothing_can_be_written(project, sql):
    ran = project.social("query", sql)

    assert ran.code == 2, ran.stderr
    assert len(ran.messages) == 1
    assert project.query("select count(*) from posts") == [(3,)]


def test_wrong_sql_is_told_in_the_engines_first_line(project):
    ran = project.social("query", "select nope from posts")

    assert ran.code == 2
    assert "nope" in ran.messages[0]
    assert len(ran.messages) == 1


def test_files_are_out_of_reach(new_project):
    made = new_project()
    duckdb.connect(str(made.warehouse)).close()

    for sql in ("from read_text('/etc/hostname')", "copy (select 1) to 'x.csv'", "attach 'x.db'"):
        assert made.social("query", sql).code == 2
    assert not list(made.folder.glob("x.*"))
    assert made.social("query", "set enable_external_access = true").code == 2


def test_who_reads_no_further_ends_it_quietly_and_it_holds_few_rows(new_project):
    """Five million rows through a pipe that is closed after the first line."""
    made = new_project()
    duckdb.connect(str(made.warehouse)).close()
    script = "set -o pipefail; social query --format csv 'from range(5000000)' | head -1"

    ran = subprocess.run(
        ["bash", "-c", script], cwd=made.folder, env=_with_social(made), capture_output=True
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"range\r\n", b"")


def test_sql_comes_from_stdin_too(new_project):
    made = new_project()
    duckdb.connect(str(made.warehouse)).close()

    ran = subprocess.run(
        ["bash", "-c", "echo 'select 1 as one' | social query --format csv -"],
        cwd=made.folder,
        env=_with_social(made),
        capture_output=True,
    )

    assert ran.stdout == b"one\r\n1\r\n"


def _with_social(project):
    return project.env | {"PATH": f"{Path(sys.executable).parent}:{project.env['PATH']}"}

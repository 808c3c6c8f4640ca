"""`social publish` as a user meets it: what it writes, what it refuses, what it leaves behind.

The marts are made by hand, since dbt takes seconds; test_after_sync.py has real ones.
"""

import os
import shutil
import subprocess
import sys
from datetime import date

import duckdb
import pytest

from pipelines.lock import Holder, Patience, file_lock

MARTS = """
create schema landed;
create table landed.runs as select 1 as run;
create schema marts;
create table marts.dim_post (post_key varchar primary key, caption varchar not null);
insert into marts.dim_post select 'p' || i, 'caption' from range(20000) t(i);
create table marts.fct_post_day (provider varchar not null, day date not null, views bigint);
insert into marts.fct_post_day
  select case when i % 2 = 0 then 'tokportal' else 'genviral' end, date '2026-05-25' + i::int, i
  from range(20) t(i);
create view marts.ops_runs as select * from landed.runs;
comment on table marts.dim_post is 'One row per post; it''s theirs.';
comment on column marts.dim_post.caption is 'Text of the post.';
comment on view marts.ops_runs is 'One row per run.';
"""


@pytest.fixture(scope="module")
def project(new_project):
    """Published once."""
    made = new_project(schema="marts")
    with duckdb.connect(str(made.warehouse)) as warehouse:
        warehouse.execute(MARTS)
    made.published = made.social("publish", "--json")
    assert made.published.code == 0, made.published.stderr
    return made


@pytest.fixture
def copy(project):
    return project.folder / "published.duckdb"


def test_the_copy_has_the_marts_with_keys_and_comments_and_nothing_else(project, copy):
    """A view is a table in it; its storage is one that DuckDB 1.4 reads."""
    with duckdb.connect(str(copy), read_only=True) as published:

        def ask(sql):
            return published.execute(sql).fetchall()

        assert ask("select distinct schema_name from duckdb_tables()") == [("marts",)]
        tags = "select tags['storage_version'] from duckdb_databases() where not internal"
        assert ask(tags) == [("v1.4.0+",)]
        assert ask("select * from marts.ops_runs") == [(1,)]
        assert ask(
            "select comment, has_primary_key from duckdb_tables() where comment is not null"
            " order by 1"
        ) == [
            ("One row per post; it's theirs.", True),
            ("One row per run.", False),
            ("One row: when this copy was made.", False),
        ]
        assert ("Text of the post.",) in ask("select comment from duckdb_columns()")
        assert ask("select count(*) from marts.ops_published") == [(1,)]
    assert project.published.result["rows"] == {
        "dim_post": 20000,
        "fct_post_day": 20,
        "ops_runs": 1,
    }
    left = sorted(f.name for f in project.folder.iterdir() if "publish" in f.name)
    assert left == ["published.duckdb"]


def test_who_was_let_in_stays_let_in(project, copy):
    copy.chmod(0o640)

    assert project.social("publish").code == 0
    assert copy.stat().st_mode & 0o777 == 0o640


def modes(*paths):
    """Of files and folders, links left out."""
    return {
        (path.is_dir(), path.stat().st_mode & 0o777)
        for top in paths
        for path in (top, *top.rglob("*"))
        if not path.is_symlink()
    }


def test_copies_are_private_until_a_mode_lets_others_in(project, copy):
    """Whatever the umask of the shell is; who was let in stays let in."""
    folder = project.folder / "for-bi"
    old = os.umask(0)
    try:
        copy.unlink()
        assert project.social("publish", "--parquet", str(folder)).code == 0
        assert modes(copy, folder) == {(False, 0o600), (True, 0o700)}
        shutil.rmtree(folder)
        for flags in (["--mode", "640"], []):
            assert project.social("publish", "--parquet", str(folder), *flags).code == 0
            assert modes(copy) == {(False, 0o640)}
            assert modes(folder) == {(False, 0o640), (True, 0o750)}
    finally:
        os.umask(old)
        shutil.rmtree(folder)
    for wrong in ("666", "rw", "7777", "444"):
        assert project.social("publish", "--mode", wrong).code == 2


LOSING = """
from pipelines import publish
from pipelines.cli import main
mark = publish._mark

def lose_a_row(connection):
    mark(connection)
    connection.execute("delete from marts.dim_post where post_key = 'p7'")

publish._mark = lose_a_row
main()
"""


def test_a_copy_that_lacks_a_row_is_never_put_in_place(project, copy):
    """Exit 8 names the table, and the old copy stays as it was."""
    before = copy.read_bytes()

    ran = subprocess.run(
        [sys.executable, "-c", LOSING, "publish"],
        cwd=project.folder,
        env=project.env,
        capture_output=True,
        text=True,
    )

    assert ran.returncode == 8
    assert "dim_post has 19,999 rows" in ran.stderr
    assert copy.read_bytes() == before


def test_postgres_needs_no_copy(project):
    url = f"postgresql://u:{project.canary}@127.0.0.1:1/d"
    ran = project.social(
        "publish", SOCIAL_TARGET="postgres", DESTINATION__POSTGRES__CREDENTIALS=url
    )

    assert ran.code == 2
    assert "any number of readers" in ran.stderr


def test_without_marts_it_says_what_makes_them(new_project):
    empty = new_project()
    assert empty.social("publish").code == 6
    duckdb.connect(str(empty.warehouse)).close()

    ran = empty.social("publish")
    assert ran.code == 6
    assert "social transform" in ran.stderr


def test_parquet_is_turned_to_at_one_stroke_and_the_folder_before_stays(project):
    """Three times: the first is gone, the second can still be read, the third is current."""
    folder = project.folder / "parquet"
    made = []
    for _ in range(3):
        assert project.social("publish", "--parquet", str(folder)).code == 0
        made.append((folder / "current").readlink())

    assert sorted(file.name for file in folder.iterdir()) == sorted(
        [*map(str, made[1:]), "current"]
    )
    files = f"{folder}/current/fct_post_day/**/*.parquet"
    held = duckdb.execute(f"select count(*), max(day), min(provider), max(month) from '{files}'")
    assert held.fetchone() == (20, date(2026, 6, 13), "genviral", "2026-06")
    assert {f.name for f in (folder / "current" / "fct_post_day").iterdir()} == {
        "provider=tokportal",
        "provider=genviral",
    }
    assert (folder / "current" / "dim_post" / "dim_post.parquet").exists()


@pytest.mark.parametrize("name", ["warehouse.duckdb", "notes.duckdb", "notes.txt"])
def test_nothing_is_overwritten_that_is_no_copy(project, name):
    file = project.folder / name
    if name == "notes.txt":
        file.write_text("mine")
    elif name == "notes.duckdb" and not file.exists():
        duckdb.connect(str(file)).close()
    before = file.read_bytes()

    ran = project.social("publish", "--output", name)

    assert ran.code == 2
    assert len(ran.messages) == 1
    assert file.read_bytes() == before


def test_a_disk_that_is_full_leaves_the_old_copy(project, copy):
    before = copy.read_bytes()
    script = f"ulimit -f 200; exec {os.path.dirname(sys.executable)}/social publish"

    ran = subprocess.run(
        ["bash", "-c", script], cwd=project.folder, env=project.env, capture_output=True, text=True
    )

    assert ran.returncode == 6, ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert "cannot be written" in ran.stderr
    assert copy.read_bytes() == before
    assert [f.name for f in project.folder.iterdir() if "publishing" in f.name] == []


def test_a_copy_that_differs_is_not_put_in_place(project, copy):
    """A view of chance has another number of rows each time it is read, as a bad disk might."""
    before = copy.read_bytes()
    chance = "create or replace view marts.chance as from range(100000) where random() < 0.5"
    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute(chance)

    ran = project.social("publish")

    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute("drop view marts.chance")
    assert ran.code == 8
    assert "the copy of chance has" in ran.stderr
    assert copy.read_bytes() == before


def test_publish_waits_its_turn_and_names_who_writes(project):
    with file_lock(project.warehouse, Holder("busy"), Patience()):
        ran = project.social("publish")

    assert ran.code == 7
    assert "run busy" in ran.stderr


def test_a_folder_of_somebody_elses_is_left_alone(project):
    folder = project.folder / "theirs"
    folder.mkdir()
    (folder / "current").mkdir()

    assert project.social("publish", "--parquet", "theirs").code == 2
    assert [file.name for file in folder.iterdir()] == ["current"]

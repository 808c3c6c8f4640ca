"""The search for keys that follows every test finds one wherever it was left."""

import base64

import duckdb
import pytest


@pytest.fixture
def project(new_project):
    return new_project()


@pytest.fixture
def key(project):
    return f"sk_sandbox_full_{project.canary}"


def test_key_in_a_file_is_found(project, key):
    """Within other text, in a working file of any name."""
    file = project.folder / "tmp" / "left-behind"
    file.write_text(f"X-API-Key: {key}, and more")

    found = list(project.leaks())

    file.unlink()
    assert found == [file]


@pytest.mark.parametrize("before", ["", "a", "ab"])
def test_key_in_base64_is_found_at_any_offset(project, key, before):
    """Three bytes make four characters, so there are three ways to write the same key."""
    file = project.folder / "tmp" / "left-behind"
    file.write_bytes(base64.b64encode((before + key).encode()))

    found = list(project.leaks())

    file.unlink()
    assert found == [file]


def test_key_in_a_table_is_found(project, key):
    """A database file compresses its texts: columns are searched, not only bytes."""
    with duckdb.connect(str(project.warehouse)) as connection:
        connection.execute("create table t as select repeat('x', 50) || ? as said", [key])

    found = list(project.leaks())

    project.warehouse.unlink()
    assert "main.t" in found


def test_clean_folder_raises_no_alarm(project):
    """An alarm that always rings is none."""
    with duckdb.connect(str(project.warehouse)) as connection:
        connection.execute("create table t as select 'nothing' as said")

    assert list(project.leaks()) == []

"""The marts as Parquet, for what reads files: `social publish --parquet DIR`.

Each time a folder of its own is written, and the link DIR/current turned to it at one stroke. The
folder before stays until the next time: who is in the middle of reading it can finish.
"""

from __future__ import annotations

import os
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from .destinations.ddl import literal
from .destinations.grants import MARTS
from .exits import usage

CURRENT = "current"
# Histories are long: their parts can be read, and copied on, alone.
_DAYS = {"fct_post_day": "day", "fct_account_day": "day", "fct_post_snapshot": "day"}
_OURS = re.compile(r"\d{8}T\d{12}Z")


def write_parquet(
    published: Path, folder: Path, mode: int | None = None, *, alone: bool = False
) -> Path:
    """Every table of a published copy. `mode` of its files; None: that of the files before, else
    private. `alone`: the copy before is deleted at once. Returns the link. Raises Stop (usage) for
    a folder with other things in it, OSError and duckdb.Error for what cannot be written."""
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    strange = [e.name for e in folder.iterdir() if e.name != CURRENT and not _is_ours(e.name)]
    if strange or (folder / CURRENT).exists() != (folder / CURRENT).is_symlink():
        raise usage(
            f"{folder} holds something else than published Parquet: {(strange or [CURRENT])[0]}",
            "Name an empty or a new folder.",
        )
    before = os.readlink(folder / CURRENT) if (folder / CURRENT).is_symlink() else ""
    fresh = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
    try:
        _write(published, fresh)
        if mode is None and before and (folder / before).is_dir():
            mode = (folder / before).stat().st_mode & 0o666  # who was let in stays let in
        if mode is not None:
            _let_in(fresh, mode)
            if made:
                folder.chmod(_of_folder(mode))
        _turn(folder, fresh.name)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    for old in folder.iterdir():
        kept = (fresh.name,) if alone else (fresh.name, before)
        if old.is_dir() and not old.is_symlink() and old.name not in kept:
            shutil.rmtree(old)
    return folder / CURRENT


def _is_ours(name: str) -> bool:
    return bool(_OURS.fullmatch(name.removeprefix("."))) or name == f".{CURRENT}"


def _write(published: Path, folder: Path) -> None:
    folder.mkdir()
    with duckdb.connect(str(published), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        sql = "select table_name from duckdb_tables() where schema_name = ?"
        for (name,) in connection.execute(sql, [MARTS]).fetchall():
            connection.execute(_statement(name, folder / name))


def _statement(name: str, folder: Path) -> str:
    """fct_post_day/provider=tokportal/month=2026-05/….parquet, or dim_post/dim_post.parquet."""
    if (day := _DAYS.get(name)) is None:
        folder.mkdir()
        where = literal(str(folder / f"{name}.parquet"))
        return f'copy {MARTS}."{name}" to {where} (format parquet, compression zstd)'
    rows = f"select *, strftime({day}, '%Y-%m') as month from {MARTS}.\"{name}\""
    options = "format parquet, compression zstd, partition_by (provider, month)"
    return f"copy ({rows}) to {literal(str(folder))} ({options})"


def _let_in(folder: Path, mode: int) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(_of_folder(mode) if path.is_dir() else mode)


def _of_folder(mode: int) -> int:
    """Who may read a file may enter its folder."""
    return mode | (mode & 0o444) >> 2


def _turn(folder: Path, name: str) -> None:
    link = folder / f".{CURRENT}"
    link.unlink(missing_ok=True)
    link.symlink_to(name)
    os.replace(link, folder / CURRENT)

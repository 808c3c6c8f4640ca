"""What stands in the way of a DuckDB warehouse or of this machine, as one sentence and a remedy.

An error is classified by its type and its errno. DuckDB gives no error number: the reason that the
operating system named is read from the end of its message. A remedy that replaces data appears only
where DuckDB itself says that the file is damaged.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from sources.http.redaction import shown

from ..exits import Exit, Stop, usage

_SAFE = "What was committed is safe."
_SETTING = "DESTINATION__DUCKDB__CREDENTIALS"
_FULL = f"{_SAFE} Make room, then run again."
_RIGHTS = f"{_SAFE} Check owner and mode of it and of its folder."
_PATH = f"Check the path in {_SETTING}."

# What the operating system says of a file, by errno: a sentence and its remedy.
_SYSTEM: dict[int, tuple[str, str]] = {
    errno.ENOSPC: ("the disk of {path} is full", _FULL),
    errno.EDQUOT: ("the disk quota for {path} is used up", _FULL),
    errno.EFBIG: ("{path} may not grow any more: a limit on the size of files", _FULL),
    errno.EACCES: ("{path} cannot be opened: permission denied", _RIGHTS),
    errno.EPERM: ("{path} cannot be changed: not permitted", _RIGHTS),
    errno.EROFS: ("{path} lies on a file system that is read-only", _RIGHTS),
    errno.ENOENT: ("{path} does not exist", _PATH),
    errno.ENOTDIR: ("{path} lies below something that is no folder", _PATH),
    errno.EISDIR: ("{path} is a folder and no file", _PATH),
    errno.EEXIST: ("{path} is a file and no folder", _PATH),
    errno.EMFILE: (
        "this process may not open more files ({path})",
        f"{_SAFE} Raise the limit (`ulimit -n`), then run again.",
    ),
    errno.ENFILE: (
        "this machine may not open more files ({path})",
        f"{_SAFE} End other programs, then run again.",
    ),
    errno.ENOMEM: ("memory ran out ({path})", f"{_SAFE} Free memory, then run again."),
    errno.EIO: (
        "the disk of {path} reports an error",
        "Check the disk (`dmesg`) before anything else.",
    ),
}
_PLACES = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST})
_RIGHTS_OF = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_NAMELESS = _SYSTEM.keys() - _PLACES - _RIGHTS_OF
_NUMBERS = {os.strerror(number): number for number in errno.errorcode}
# Of the engine, the file or a commit; any other type speaks of SQL.
_OF_THE_ENGINE = (
    duckdb.IOException,
    duckdb.OutOfMemoryException,
    duckdb.InternalException,
    duckdb.FatalException,
    duckdb.TransactionException,
)


def explain_system(error: BaseException, warehouse: Path | None = None) -> Stop | None:
    """The Stop for an error of files, disks or limits of this machine; None for any other.

    Errors of sockets, TLS and pipes have no class here. A file that is missing counts only where it
    belongs to the warehouse: elsewhere it is a bug.
    """
    if not isinstance(error, OSError) or (number := error.errno) not in _SYSTEM:
        return None
    if error.filename is None:
        # Only a file that is being written has no name in its error: it lies in one of these.
        folders = [Path(tempfile.gettempdir()), *([warehouse.parent] if warehouse else [])]
        return _of_system(number, min(folders, key=_free)) if number in _NAMELESS else None
    path = Path(os.fsdecode(error.filename))
    ours = warehouse is not None and (
        path in warehouse.parents or str(path).startswith(str(warehouse))
    )
    if number in _PLACES and not ours:
        return None
    return _of_system(number, path, configured=number in _RIGHTS_OF and not ours)


def _free(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0


def _of_system(number: int, path: Path, *, configured: bool = False) -> Stop:
    sentence, remedy = _SYSTEM[number]
    code = Exit.USAGE if configured else Exit.DESTINATION
    return Stop(code, sentence.format(path=shown(str(path))), remedy)


def explain_duckdb(path: Path, error: BaseException) -> Stop | None:
    """The Stop for an error of DuckDB about its file, its disk or its memory; None for an error of
    SQL. `path`: the file that was in use."""
    # A damaged file has no type of its own. Any other type quotes SQL, which may say anything.
    if type(error) is not duckdb.Error and not isinstance(error, _OF_THE_ENGINE):
        return None
    text = str(error)
    if stop := explain_duckdb_text(path, text):
        return stop
    if isinstance(error, duckdb.OutOfMemoryException):
        return Stop(
            Exit.DESTINATION,
            f"DuckDB ran out of memory, or of disk beside {path}: {_first_line(text)}",
            f"{_SAFE} Free memory or disk, then run again.",
        )
    return Stop(
        Exit.DESTINATION,
        f"{path} cannot be used: {_first_line(text)}",
        f"{_SAFE} Run again; if it stays, report this line.",
    )


def explain_duckdb_text(path: Path, text: str) -> Stop | None:
    """The same of an error that only left its text, as dbt keeps it."""
    for words, found in _SAID:
        if match := re.search(words, text):
            return found(path, match)
    for file, reason in re.findall(r'"([^"\n]+)": ([^"\n]+?)\s*$', text, re.MULTILINE):
        if (number := _NUMBERS.get(reason)) in _SYSTEM:
            return _of_system(number, Path(file))
    return None


def locked(error: duckdb.Error) -> Stop | None:
    """The Stop for a file that another program has open; None for any other error."""
    found = re.search(_LOCKED, str(error))
    return _locked(Path(found[1]), found) if found else None


def _locked(path: Path, found: re.Match[str]) -> Stop:
    holder = re.search(r"held in (.+?) \(PID (\d+)\)", found.string)
    who = f" by {Path(holder[1]).name}, pid {holder[2]}" if holder else ""
    return Stop(
        Exit.DESTINATION,
        f"{found[1]} is open in another program{who}",
        "Close it there (BI tools should read the published copy), then run again.",
    )


def _damaged(path: Path, found: re.Match[str]) -> Stop:
    return Stop(
        Exit.DESTINATION,
        f"{path} is damaged: {_first_line(found.string)}",
        "Keep a copy of it, check the disk, then restore it from a backup; the next sync asks again"
        " for what the backup lacks.",
    )


def _damaged_log(path: Path, found: re.Match[str]) -> Stop:
    return Stop(
        Exit.DESTINATION,
        f"{found[1]}, the log of {path}, is damaged: {_first_line(found.string)}",
        "Restore both files from one backup. Without one, move the log away and keep it: the next"
        " sync asks again for what was only in it.",
    )


def _foreign_log(path: Path, found: re.Match[str]) -> Stop:
    return Stop(
        Exit.DESTINATION,
        f"{found[1]} is the log of another copy of {path}",
        "Move the log away and keep it, then run again. A backup is put back with its own log, or"
        " with none.",
    )


def _no_database(path: Path, found: re.Match[str]) -> Stop:
    return not_a_database(Path(found[1]))


def not_a_database(path: Path) -> Stop:
    """A file of something else is in the warehouse's place."""
    return Stop(
        Exit.DESTINATION,
        f"{path} is not a DuckDB file",
        f"Nothing was changed. Name another file in {_SETTING}, or move this one away.",
    )


def _other_version(path: Path, found: re.Match[str]) -> Stop:
    return Stop(
        Exit.DESTINATION,
        f"{path} was written by another version of DuckDB: {_first_line(found.string)}",
        "Nothing was changed. Use the version of DuckDB that wrote it (see requirements.lock).",
    )


_LOCKED = r'Could not set lock on file "([^"]+)"'
# DuckDB's own words, where its types do not tell. The first that fits counts.
_SAID: tuple[tuple[str, Callable[[Path, re.Match[str]], Stop]], ...] = (
    (_LOCKED, _locked),
    (r'Failure while replaying WAL file "([^"]+)": WAL does not match', _foreign_log),
    (r'Failure while replaying WAL file "([^"]+)"', _damaged_log),
    (r"Corrupt database file", _damaged),
    (r'Could not read enough bytes from file "([^"]+)"', _damaged),
    (r'file "([^"]+)" exists, but it is not a valid DuckDB database file', _no_database),
    (r"[Tt]rying to read a database file with (storage )?version number", _other_version),
)


def _first_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return shown(lines[0]).rstrip(".!") if lines else "no reason given"


@contextmanager
def temporary_folder() -> Iterator[str]:
    """A folder for the time of the block. Raises Stop (usage) where none can be made."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="social-", ignore_cleanup_errors=True)
    except OSError as error:
        raise usage(
            f"no temporary folder can be made: {error.strerror}",
            "Set TMPDIR to a folder that can be written and has room.",
        ) from error
    with folder as name:
        yield name

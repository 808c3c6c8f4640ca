"""`make mutants`: plants each bug in a copy of the tree and runs the tests that should notice it.

Prints a line per bug and a total. Ends with 1 when a bug is not caught or does not apply.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from pathlib import Path
from queue import SimpleQueue

from planted_bugs import ROOT, Mutant, mutants

AT_ONCE = 2
PATIENCE_SECONDS = 300  # a bug that makes a test hang is noticed too
TESTS_FAILED = 1  # pytest's exit code; others say that the tests did not run
COPIED = ("sources", "pipelines", "sandbox", "transform", "tests", "docs", "deploy", ".dlt")


def copy_tree(folder: Path) -> Path:
    """The parts of the project that tests import or read, in a folder of their own."""
    for name in COPIED:
        ignored = shutil.ignore_patterns("__pycache__", "secrets.toml", "target", "logs")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for path in ROOT.iterdir():
        if path.is_file() and not path.name.startswith(".env"):
            shutil.copy(path, folder)
    return folder


def run_tests(tree: Path, tests: tuple[str, ...]) -> tuple[str, str]:
    """`caught`, `NOT CAUGHT` or what kept the tests from running; and pytest's last lines."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider"]
    # The path goes before the one that the environment's editable install adds.
    environment = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(
        [*command, *tests],
        cwd=tree,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        return "caught", "the tests hang"
    finally:
        _end(process)
    last_lines = "\n".join(output.splitlines()[-15:])
    if process.returncode == TESTS_FAILED:
        return "caught", last_lines
    if process.returncode == 0:
        return "NOT CAUGHT", last_lines
    return f"NOT RUN (pytest ended with {process.returncode})", last_lines


def _end(process: subprocess.Popen[str]) -> None:
    """The tests, and what they started and left running."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        process.wait()


def check(mutant: Mutant, trees: SimpleQueue[Path]) -> bool:
    """Plant it in a copy that is free, run its tests, take it out again, and say how it went."""
    tree, started = trees.get(), time.monotonic()
    file = tree / mutant.file
    sound = file.read_text()
    try:
        file.write_text(mutant.apply_to(sound))
        how, last_lines = run_tests(tree, mutant.tests)
    except ValueError as error:
        how, last_lines = "DOES NOT APPLY", str(error)
    finally:
        file.write_text(sound)
        trees.put(tree)
    print(f"{how:<10}  {mutant.name}  ({time.monotonic() - started:.0f} s)", flush=True)
    if how != "caught":
        print(f"    promise: {mutant.promise}\n{last_lines}", flush=True)
    return how == "caught"


def main(patterns: list[str]) -> int:
    """Check all, or those whose names match one of the patterns."""
    chosen = [
        each for each in mutants() if not patterns or any(fnmatch(each.name, p) for p in patterns)
    ]
    with tempfile.TemporaryDirectory(prefix="social-mutants-") as folder:
        trees: SimpleQueue[Path] = SimpleQueue()
        for number in range(AT_ONCE):
            trees.put(copy_tree(Path(folder) / str(number)))
        with ThreadPoolExecutor(AT_ONCE) as workers:
            caught = list(workers.map(lambda mutant: check(mutant, trees), chosen))
    print(f"{sum(caught)} of {len(caught)} caught")
    return 0 if caught and all(caught) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

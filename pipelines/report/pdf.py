"""The page as PDF, printed by a headless Chromium."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from ..exits import Exit, Stop, usage

_BROWSERS = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    "microsoft-edge",
)
# No network, no profile of a user. The page has no script, so the sandbox of the browser, which
# root and most containers cannot use, protects nothing here.
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-extensions"),
    *("--no-pdf-header-footer", "--host-resolver-rules=MAP * ~NOTFOUND"),
)
_SECONDS = 120


def browser() -> str:
    """The browser that prints. Raises Stop (usage) when there is none."""
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        raise usage(
            "--pdf needs Chromium or Chrome, and none is installed",
            "Install chromium, or open the HTML page in a browser and print it.",
        )
    return found


def print_pdf(program: str, page: Path, output: Path, mode: int) -> None:
    """Print the page to a file of this mode. Raises Stop (exit 6) when the browser fails."""
    with tempfile.TemporaryDirectory(prefix="social-pdf-") as folder:
        made = Path(folder) / "report.pdf"
        command = [program, *_FLAGS, f"--user-data-dir={folder}/profile"]
        try:
            ran = subprocess.run(  # noqa: S603  (a browser from PATH, arguments as a list)
                [*command, f"--print-to-pdf={made}", page.resolve().as_uri()],
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
            failure = f"exit {ran.returncode}" if ran.returncode or not made.exists() else ""
        except subprocess.TimeoutExpired:
            failure = f"no PDF within {_SECONDS} s"
        if failure:
            raise Stop(
                Exit.DESTINATION,
                f"{program} could not print the report: {failure}",
                f"The page is in {page}: open it and print it.",
            )
        made.chmod(mode)
        shutil.move(made, output)

"""Two endpoints end an account's analytics for good and cost credits: nothing here knows them."""

import re
from pathlib import Path

import sources

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("extraction", *sources.names())
_FORBIDDEN = re.compile(r"reveal.?credentials|verification.?code", re.IGNORECASE)
# What acts is called by its own command, and by nothing else.
_ACTING = re.compile(r"\bactions\b|\.post\(")


def sources_of(*folders):
    return [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]


def test_nothing_names_the_endpoints_that_reveal():
    """Not in a path, not in a comment."""
    found = [
        file for file in sources_of("sources", "pipelines") if _FORBIDDEN.search(file.read_text())
    ]

    assert found == []


def test_only_the_verbs_act():
    """No POST leaves from a sync: of all code, only the acting commands know the acting methods."""
    known = {
        file.relative_to(ROOT).as_posix()
        for file in sources_of(*(f"sources/{name}" for name in PARTS), "pipelines")
        if _ACTING.search(file.read_text())
    }

    assert known == {
        "sources/genviral/actions.py",
        "sources/tokfluence/actions.py",
        "sources/tokportal/actions.py",
        "pipelines/provider_report.py",
        "pipelines/refreshes/genviral.py",
        "pipelines/refreshes/genviral_rows.py",
        "pipelines/refreshes/tokfluence_orders.py",
        "pipelines/refreshes/tokfluence_rows.py",
        "pipelines/refreshes/tokportal.py",
        "pipelines/refreshes/tokportal_rows.py",
    }

"""The page in a browser: no request, no message, both themes, and paper."""

import pytest
from chromium import CHROMIUM, look

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed"),
]
VISIBLE = "[...document.querySelectorAll('svg.{}')].filter(s => s.getBoundingClientRect().width)"
ASKED = {
    "light charts": f"{VISIBLE.format('light')}.length",
    "dark charts": f"{VISIBLE.format('dark')}.length",
    "too wide": "document.documentElement.scrollWidth - window.innerWidth",
    "ground": "getComputedStyle(document.body).backgroundColor",
}


@pytest.mark.parametrize("reports", ["duckdb"], indirect=True)
def test_it_asks_nothing_and_says_nothing(reports, page, chromium_folder):
    """One request, for the file itself; the policy blocks nothing that the page would need."""
    file = reports.project.folder / "looked-at.html"
    file.write_text(page)

    seen = look(file, chromium_folder, ask=ASKED)

    assert set(seen.requests) == {file.as_uri()}
    assert seen.messages == []
    assert seen.facts["light charts light"] == seen.facts["dark charts dark"] > 5
    assert seen.facts["dark charts light"] == seen.facts["light charts dark"] == 0
    assert seen.facts["ground light"] != seen.facts["ground dark"]
    assert seen.facts["too wide light"] <= 0
    assert seen.paper.startswith(b"%PDF")


@pytest.mark.parametrize("reports", ["duckdb"], indirect=True)
def test_it_fits_a_telephone(reports, page, chromium_folder):
    file = reports.project.folder / "small.html"
    file.write_text(page)

    seen = look(file, chromium_folder / "small", width=390, ask=ASKED)

    assert seen.facts["too wide light"] <= 0

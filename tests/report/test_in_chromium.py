"""The page in a browser: no request, no message, both themes, and paper."""

import pytest
from chromium import CHROMIUM, look

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed"),
]
VISIBLE = "[...document.querySelectorAll('svg.{}')].filter(s => s.getBoundingClientRect().width)"
LINE = "[...document.querySelectorAll('path[stroke=\"var(--line-1)\"]')]"
# Pixels on the screen: a chart may be scaled.
SMALLEST = """Math.min(...[...document.querySelectorAll('svg text')]
    .filter(text => text.getBoundingClientRect().width)
    .map(text => [text, text.ownerSVGElement])
    .map(([text, svg]) => parseFloat(getComputedStyle(text).fontSize)
        * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width))"""
ASKED = {
    "wide charts": f"{VISIBLE.format('wide')}.length",
    "narrow charts": f"{VISIBLE.format('narrow')}.length",
    "line": f"getComputedStyle({LINE}[0]).stroke",
    "too wide": "document.documentElement.scrollWidth - window.innerWidth",
    "ground": "getComputedStyle(document.body).backgroundColor",
    "smallest text": SMALLEST,
}


@pytest.mark.parametrize("reports", ["duckdb"], indirect=True)
def test_it_asks_nothing_and_says_nothing(reports, page, chromium_folder):
    """One request, for the file itself; the policy blocks nothing that the page would need."""
    file = reports.project.folder / "looked-at.html"
    file.write_text(page)

    seen = look(file, chromium_folder, ask=ASKED)

    assert set(seen.requests) == {file.as_uri()}
    assert seen.messages == []
    assert seen.facts["wide charts light"] == seen.facts["wide charts dark"] > 5
    assert seen.facts["narrow charts light"] == 0
    assert seen.facts["line light"] == "rgb(0, 114, 178)"
    assert seen.facts["line dark"] == "rgb(86, 180, 233)"
    assert seen.facts["ground light"] != seen.facts["ground dark"]
    assert seen.facts["too wide light"] <= 0
    assert seen.facts["smallest text light"] >= 11
    assert seen.paper.startswith(b"%PDF")


@pytest.mark.parametrize("reports", ["duckdb"], indirect=True)
def test_it_fits_a_telephone(reports, page, chromium_folder):
    file = reports.project.folder / "small.html"
    file.write_text(page)

    seen = look(file, chromium_folder / "small", width=390, ask=ASKED)

    assert seen.facts["too wide light"] <= 0
    assert seen.facts["narrow charts light"] == seen.facts["narrow charts dark"] > 5
    assert seen.facts["wide charts light"] == 0
    assert seen.facts["smallest text light"] >= 11

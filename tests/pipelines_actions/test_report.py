"""`social report --provider tokportal`: published only when agreed to, its address told once."""

import pytest

from pipelines.exits import Stop
from pipelines.provider_report import order

REPORTS = "/analytics/export/reports.*"


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=4, posts=12)


@pytest.fixture
def project(new_project, sandbox):
    sandbox.clear_faults()
    sandbox.count_anew()
    return new_project(sandbox)


def report(project, *flags, **env):
    return project.social("report", "--provider", "tokportal", *flags, **env)


def test_address_is_printed_and_nowhere_else(project, sandbox):
    """The address holds the token: on stdout alone."""
    ran = report(project, "--title", "April", "--accounts", sandbox.accounts()[0], "--yes")

    assert ran.code == 0
    address = ran.stdout.strip()
    assert address.startswith("https://")
    token = address.rsplit("/", 1)[1]
    assert token not in ran.stderr
    assert "whoever has its address can read it" in ran.stderr
    kept = [file for file in project.folder.rglob("*") if file.is_file()]
    assert [file.name for file in kept if token.encode() in file.read_bytes()] == ["1.out"]


def test_without_agreement_nothing_is_made(project, sandbox):
    """Exit 2: it would be a page that anybody can reach."""
    ran = report(project)

    assert ran.code == 2
    assert "--yes" in ran.stderr
    assert sandbox.requests()["total"] == 0


def test_page_goes_to_a_file_of_its_owner(project):
    """Mode 0600, whole or not at all."""
    file = project.folder / "report.html"

    ran = report(project, "--html", str(file), "--title", "<May>", "--yes")

    assert ran.code == 0
    assert ran.stdout.strip() == str(file)
    assert "&lt;May&gt;" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_plan_without_reports(new_project, sandbox):
    """A verb that the plan refuses: exit 3 with the sentence."""
    sandbox.clear_faults()
    ran = report(new_project(sandbox, tier="starter"), "--yes")

    assert ran.code == 3
    assert "plan" in ran.messages[-1]
    assert ran.stdout == ""


@pytest.mark.parametrize("fault", ["reset", "html"])
def test_lost_answer_is_not_asked_again(project, sandbox, fault):
    """Whether the page exists is unknown: said, with exit 5, and one POST."""
    sandbox.fault(fault, REPORTS)

    ran = report(project, "--yes")

    assert ran.code == 5
    assert "unknown" in ran.messages[-1]
    assert sandbox.requests()["total"] == 1


def test_file_that_cannot_be_written(project, sandbox):
    """Exit 2 before anything is asked: the report would be made in vain."""
    ran = report(project, "--yes", "--html", "/nowhere/at/all.html")

    assert ran.code == 2
    assert sandbox.requests()["total"] == 0


@pytest.mark.parametrize("days", [("soon", None), ("2026-05-01", "2026-05-01")])
def test_days_that_are_none(days):
    """Said before anything is asked."""
    with pytest.raises(Stop):
        order(None, [], *days)


def test_last_day_is_the_day_before_until():
    """Our ranges end before `until`, the provider's with its last day."""
    assert order("April", [], "2026-04-01", "2026-05-01").body() == {
        "title": "April",
        "from": "2026-04-01",
        "to": "2026-04-30",
    }

"""`social report`: every number is what the query beside it gives; and how the command ends."""

import pytest
from page_reader import as_printed, read


@pytest.fixture(scope="module")
def shown(page):
    return read(page)


def test_each_table_is_the_answer_to_its_query(reports, shown):
    """Cell by cell, with the SQL taken from the page; no table is without one."""
    assert set(shown.queries) == set(shown.tables)
    assert len(shown.tables) > 20
    for name, sql in shown.queries.items():
        cells = [row for row in shown.tables[name] if row]

        rows = [[as_printed(value) for value in row] for row in reports.query(sql)]

        assert rows == cells, name
        assert rows or name.startswith(("top-", "client-")), name


def test_each_figure_in_a_sentence_or_tile_is_a_cell_of_its_table(shown):
    """So nothing is reckoned on the way to the page."""
    told = 0
    for name, values in shown.told.items():
        cells = {value for row in shown.tables[name] for value in row}
        assert values <= cells, name
        told += len(values)

    assert told > 40


def test_what_nobody_said_is_never_a_zero(shown):
    """NULL has no value and is written as a dash."""
    nulls = [cell for cell in shown.all("td") if "data-null" in cell]

    assert nulls
    assert {cell["data-value"] for cell in nulls} == {""}


def test_no_figure_is_of_two_providers(shown):
    """The same video is in both; each query of facts names one provider."""
    facts = [sql for sql in shown.queries.values() if "fct_" in sql]

    assert facts
    for sql in facts:
        named = {name for name in ("tokportal", "genviral", "tokfluence") if f"'{name}'" in sql}
        assert len(named) == 1


def test_the_same_warehouse_gives_the_same_bytes(reports, page):
    assert reports.report()[1] == page


@pytest.fixture(scope="module")
def empty(new_project):
    return new_project()


def test_without_a_warehouse(empty):
    ran = empty.social("report")

    assert ran.code == 6
    assert "social sync" in ran.messages[-1]


@pytest.mark.parametrize("reports", ["duckdb"], indirect=True)
def test_without_marts(reports):
    """Said with what makes them."""
    ran, html = reports.report(**reports.change("drop schema marts cascade"))

    assert (ran.code, html) == (6, "")
    assert "social transform" in ran.messages[-1]


@pytest.mark.parametrize("reports", ["duckdb"], indirect=True)
def test_what_a_reader_must_know_comes_first(reports, page):
    """Marts behind the last load, and made-up data (the runs of `social demo` are told by their
    name): on stderr and before any number."""
    later = "update tokportal.sync_runs set finished_at = now() + interval '1 hour'"
    demo = "update tokportal.sync_runs set command = 'demo'"
    ran, html = reports.report(**reports.change(later, demo))
    behind = "The marts are behind what was loaded: run `social transform`."

    assert ran.code == 0
    assert behind in ran.messages
    assert "The marts are behind what was loaded" in html.split("<h1")[0]
    assert "SANDBOX DATA" in html.split("<h1")[0]
    assert "SANDBOX DATA" in ran.stderr
    assert "The marts" not in page.split("<h1")[0]
    assert "SANDBOX" not in page


@pytest.mark.parametrize("reports", ["duckdb"], indirect=True)
@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--client", "Nobody"), "Known: Acme"),
        (("--since", "soon"), "YYYY-MM-DD"),
        (("--since", "2026-05-02", "--until", "2026-05-01"), "--until"),
        (("--title", "April"), "--provider"),
        (("--provider", "tokportal", "--client", "Acme"), "--provider"),
        (("-o", "/nowhere/at/all.html"), "no folder"),
    ],
)
def test_flags_that_do_not_fit(reports, flags, said):
    """Exit 2, and nothing is written."""
    ran = reports.project.social("report", *flags)

    assert ran.code == 2
    assert said in ran.messages[-1]


@pytest.mark.parametrize("reports", ["duckdb"], indirect=True)
def test_the_file_is_its_owners_and_whole(reports):
    """Mode 0600; beside the warehouse where no other place is named; nothing half-written left."""
    ran = reports.project.social("report")
    path = reports.project.folder / "report.html"

    assert ran.stdout.strip() == str(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text().endswith("</html>\n")
    assert not list(reports.project.folder.glob(".report*"))

"""`social report`: the page is offline, readable for everybody, and safe with whatever text it is
given; every number is what the query beside it gives; and how the command ends. In one file: what
they look at takes long to make."""

import re
from datetime import timedelta
from itertools import pairwise

import pytest
from page_reader import as_printed, read

CAPTIONS = (
    "<script>alert(1)</script>",
    "</svg></table></td><img src=x onerror=alert(1)>",
    "\u202eevil\u202c \u2067rtl\u2069",
    "a" * 5_000,
    "👩‍👩‍👧‍👦 \x00\x07\x1b[31m \x9f",
    "' or 1=1 -- ? {{ 7 * 7 }} {% raw %}",
    "&lt;b&gt; &amp;",
)
HOSTILE = 'Who\'s "<b>Luna</b>" & Co? 100%'  # as in conftest.CLIENTS
ADDRESSES = ("javascript:alert(1)", "data:text/html,x", "//x.example/a", 'https://x.example/"><b>')


@pytest.fixture(scope="module")
def shown(page):
    return read(page)


def test_nothing_is_asked_of_anybody(page, shown):
    """No script, nothing that loads, and a policy that forbids it besides."""
    addresses = [
        attributes.get(name, "")
        for _, attributes in shown.tags
        for name in ("src", "href", "action", "xlink:href", "data", "poster")
        if name in attributes
    ]
    policy = next(m["content"] for m in shown.all("meta") if "http-equiv" in m)

    assert not shown.all("script")
    assert not any("style" in attributes for _, attributes in shown.tags)
    assert not any(name.startswith("on") for _, attributes in shown.tags for name in attributes)
    assert all(re.match(r"#|https?://|data:,$", address) for address in addresses)
    assert "@import" not in page
    assert "url(http" not in page
    assert policy.startswith("default-src 'none'; style-src 'sha256-")


def test_links_lead_out_only_as_links_to_posts(shown):
    """Opened by a person, without telling where from."""
    out = [link for link in shown.all("a") if not link["href"].startswith("#")]

    assert out
    assert {link["rel"] for link in out} == {"noopener noreferrer"}


def test_who_cannot_see_finds_the_way(shown):
    """Headings in order, every table and picture named, every reference there."""
    levels = [int(tag[1]) for tag, _ in shown.tags if re.fullmatch("h[1-6]", tag)]
    ids = [attributes["id"] for _, attributes in shown.tags if "id" in attributes]
    named = {a["aria-labelledby"] for _, a in shown.tags if "aria-labelledby" in a}
    inside = {a["href"][1:] for a in shown.all("a") if a["href"].startswith("#")}

    assert levels[0] == 1
    assert all(level <= before + 1 for before, level in pairwise(levels))
    assert len(ids) == len(set(ids))
    assert named | inside <= set(ids)
    assert len(shown.all("caption")) == len(shown.all("table"))
    assert {head["scope"] for head in shown.all("th")} == {"col"}
    assert all(s["role"] == "img" and s["aria-label"] for s in shown.all("svg"))
    assert shown.all("html") == [{"lang": "en"}]


def test_each_chart_is_there_for_both_themes(shown):
    themes = [picture["class"].split()[-1] for picture in shown.all("svg")]

    assert themes.count("light") == themes.count("dark") > 5


@pytest.mark.parametrize("reports", ["duckdb"], indirect=True)
def test_text_from_outside_stays_text(reports):
    """Captions, handles, platforms and addresses may hold anything."""
    changes = [
        f"update marts.rollup_report set {column} = {_sql(value)} where post_key in"
        f" (select post_key from (select post_key, row_number() over (order by post_key) as place"
        f" from marts.rollup_report) as placed where place % {len(values)} = {place})"
        for column, values in (("post_message", CAPTIONS), ("post_url", ADDRESSES))
        for place, value in enumerate(values)
    ]
    changes.append(
        "update marts.dim_account set handle = '</bdi><script>' where account_key in"
        " (select min(account_key) from marts.dim_account)"
    )
    changes.append(
        "update marts.dim_account set platform = '</text><b> \" x? 1' where platform ="
        " 'tiktok' and account_key in (select max(account_key) from marts.dim_account)"
    )
    ran, html = reports.report(**reports.change(*changes))
    shown = read(html)
    links = {a["href"] for a in shown.all("a")}

    assert ran.code == 0, ran.stderr
    assert not shown.all("script") + shown.all("img") + shown.all("b")
    assert not re.search("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", html)
    assert "<script>alert(1)</script>" in shown.text
    assert "{{ 7 * 7 }}" in shown.text
    assert "a" * 101 not in html
    assert not links & {*ADDRESSES[:3]}
    assert ADDRESSES[3] in links


def _sql(value):
    parts = value.split("\0")
    return " || chr(0) || ".join("'" + part.replace("'", "''") + "'" for part in parts)


@pytest.mark.parametrize("reports", ["duckdb"], indirect=True)
def test_a_day_without_observation_is_hatched_and_not_zero(reports, page):
    """Also in the table, and in the sentence about coverage."""
    days = read(page).tables["views-tokportal"]
    gap = [row[0] for row in days if row][9]
    changed = reports.change(f"delete from marts.fct_account_day where day = date '{gap}'")

    html = reports.report(**changed)[1]
    row = next(r for r in read(html).tables["views-tokportal"] if r and r[0] == gap)

    assert set(row[1:-1]) == {None}
    assert row[-1] == "0"
    assert _hatched(html, "views-tokportal") == _hatched(page, "views-tokportal") + 1
    assert "Days without figures are hatched" in html


def _hatched(html, name):
    chart = re.search(f"<svg[^>]*?(?:(?!</svg>).)*?{name}-light-hatch.*?</svg>", html, re.DOTALL)
    return chart[0].count(f"url(#{name}-light-hatch)") if chart else 0


@pytest.mark.parametrize("reports", ["duckdb"], indirect=True)
def test_a_clients_page_holds_nothing_of_another(reports, page):
    """No names, posts, accounts or runs; its own figures are those of the whole page."""
    ran, html = reports.report("--client", "Acme")
    mine = {url for (url,) in reports.query(_posts("= 'Acme'"))}
    others = {url for (url,) in reports.query(_posts("is distinct from 'Acme'"))} - mine

    assert ran.code == 0, ran.stderr
    assert any(url in html for url in mine)
    assert not [url for url in others if f'"{url}"' in html]
    assert "Luna" not in html
    assert "ops_runs" not in html
    whole, alone = read(page).tables, read(html).tables
    assert alone["totals-tokportal"] == whole["client-1-totals-tokportal"]


def _posts(condition):
    return (
        "select distinct posts.url from marts.dim_post as posts"
        " left join marts.bridge_post_campaign as b on b.post_key = posts.post_key"
        " left join marts.dim_campaign as c on c.campaign_key = b.campaign_key"
        f" where posts.url is not null and c.client_ref {condition}"
    )


@pytest.mark.slow
def test_a_client_of_any_name_has_a_page(reports):
    """Its name goes through SQL and HTML unharmed."""
    ran, html = reports.report("--client", HOSTILE)

    assert ran.code == 0, ran.stderr
    assert HOSTILE in read(html).text
    assert "Acme" not in html
    assert int(read(html).tables["totals-tokportal"][-1][8] or 0) > 0


@pytest.mark.parametrize("reports", ["duckdb"], indirect=True)
def test_the_period_is_the_last_days_that_are_over(reports, shown):
    """The day of the newest reading is not; --since and --until choose others."""
    newest = reports.query("select max(fetched_at) from marts.fct_account_day")[0][0].date()
    days = [row[0] for row in shown.tables["views-tokportal"] if row]
    result = reports.report("--json", "--since", "2026-05-01", "--until", "2026-05-08")[0].result

    assert days[-1] == str(newest - timedelta(days=1))
    assert len(days) == 28
    assert (result["since"], result["until"]) == ("2026-05-01", "2026-05-08")


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
def test_marts_that_are_not_whole_are_said_to_be(reports):
    """Their build was killed, or its tests found something."""
    ran, html = reports.report(**reports.change("update transform.builds set loads = ''"))

    said = "The marts were not built to the end without findings"
    assert ran.code == 0
    assert said in ran.stderr
    assert said in html.split("<h1")[0]


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

"""`social report`: the page is offline, readable for everybody, and safe with whatever text it is
given; every number is what the query beside it gives; and how the command ends. In one file: what
they look at takes long to make."""

import base64
import os
import re
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from chromium import CHROMIUM
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


def test_each_chart_is_there_for_screens_and_phones(shown):
    """In the colours of the style sheet, which has them for both themes."""
    sizes = [picture["class"].split()[-1] for picture in shown.all("svg")]
    drawn = {a[name] for _, a in shown.tags for name in ("fill", "stroke") if name in a}

    assert sizes.count("wide") == sizes.count("narrow") > 5
    assert {"var(--line-1)", "var(--chart-rule)", "var(--chart-words)"} <= drawn
    assert not [colour for colour in drawn if colour.startswith("rgb")]


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

    assert set(row[1:-2]) == {None}
    assert row[-2:] == ["0", None]
    assert _hatched(html, "views-tokportal") == _hatched(page, "views-tokportal") + 1
    assert "Days without figures are hatched" in html


def _hatched(html, name):
    return html.count(f"url(#{name}-wide-hatch)")


@pytest.mark.parametrize("reports", ["duckdb"], indirect=True)
def test_a_clients_page_holds_nothing_of_another(reports, page):
    """No names, posts, accounts or runs; its own figures are those of the whole page."""
    days = [row[0] for row in read(page).tables["views-tokportal"] if row]
    until = str(date.fromisoformat(days[-1]) + timedelta(days=1))
    ran, html = reports.report("--client", "Acme", "--since", days[0], "--until", until)
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
    assert int(read(html).tables["totals-tokportal"][-1][10] or 0) > 0


@pytest.mark.parametrize("reports", ["duckdb"], indirect=True)
def test_the_period_ends_with_the_last_settled_day(reports, shown):
    """The earliest of the providers' last ones, without a provider that is a week behind; --since
    and --until choose others."""
    settled = reports.query(
        "select provider, max(day) from (select provider, day from marts.fct_account_day"
        " group by 1, 2 having bool_and(is_settled)) as days group by 1"
    )
    days = [row[0] for row in shown.tables["views-tokportal"] if row]
    result = reports.report("--json", "--since", "2026-05-01", "--until", "2026-05-08")[0].result

    last = sorted(day for _, day in settled)
    assert len(last) == 2
    assert days[-1] == str(min(day for day in last if day >= last[-1] - timedelta(days=7)))
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
    behind = "The marts are older than the last load: run `social transform`."

    assert ran.code == 0
    assert behind in ran.messages
    assert "The marts are older than the last load" in html.split("<h1")[0]
    assert "SANDBOX DATA" in html.split("<h1")[0]
    assert "SANDBOX DATA" in ran.stderr
    assert "The marts" not in page.split("<h1")[0]
    assert "SANDBOX" not in page


@pytest.mark.parametrize("reports", ["duckdb"], indirect=True)
def test_marts_that_are_not_whole_are_said_to_be(reports):
    """Their build was killed, or its tests found something."""
    ran, html = reports.report(**reports.change("update transform.builds set loads = ''"))

    said = "The last build of the marts stopped early or its tests failed"
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
        (("--provider", "tokportal", "--pdf"), "--provider"),
        (("-o", "/nowhere/at/all.html"), "no folder"),
        (("-o", "/dev/null"), "no regular file"),
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


# Fourteen days of which the last three are unsettled; both weeks have figures.
SINCE, UNTIL, OPEN = "2026-05-05", "2026-05-19", "2026-05-16"
DAYS = ("--since", SINCE, "--until", UNTIL)
SETTLE = (
    "update marts.fct_account_day set is_settled = day < date '{0}'",
    "update marts.fct_post_day set is_settled = day < date '{0}'",
)
COLUMNS = (
    *("views", "views_compared", "views_before", "views_change", "rate", "rate_compared"),
    *("rate_before", "rate_change", "net", "net_before", "posts", "posts_before", "days"),
    *("settled_days", "compared_days"),
)


def page_of(reports, first_open, *flags):
    settle = [statement.format(first_open) for statement in SETTLE]
    ran, html = reports.report(*flags, **reports.change(*settle))
    assert ran.code == 0, ran.stderr
    return html


def totals(html):
    return dict(zip(COLUMNS, read(html).tables["totals-tokportal"][-1], strict=True))


def gained(reports, first, after_last):
    sql = "select sum(views_gained) from marts.fct_account_day where provider = 'tokportal' and"
    return int(reports.query(f"{sql} day >= '{first}' and day < '{after_last}'")[0][0])


@pytest.fixture(scope="module")
def partly(reports):
    return page_of(reports, OPEN, *DAYS)


@pytest.mark.parametrize("reports", ["duckdb"], indirect=True)
def test_unsettled_days_are_marked_in_tables_and_charts(partly):
    rows = [row for row in read(partly).tables["views-tokportal"] if row]
    chart = re.search("<svg[^>]*chart wide.*?</svg>", partly, re.DOTALL)[0]

    assert [row[0] for row in rows if row[-1] == "False"] == [
        "2026-05-16",
        "2026-05-17",
        "2026-05-18",
    ]
    assert "hollow points: days that may still change" in partly
    assert chart.split("</defs>")[1].count('fill="var(--chart-rule)"') == 1, "one grey band"


@pytest.mark.parametrize("reports", ["duckdb"], indirect=True)
def test_settled_days_are_compared_with_settled_days_alone(reports, partly):
    """Eleven of fourteen days, and the same eleven days of the period before."""
    row = totals(partly)
    later = gained(reports, SINCE, OPEN)
    earlier = gained(reports, "2026-04-21", "2026-05-02")

    assert (row["settled_days"], row["compared_days"]) == ("11", "11")
    assert int(row["views"]) == gained(reports, SINCE, UNTIL)
    assert (int(row["views_compared"]), int(row["views_before"])) == (later, earlier)
    assert float(row["views_change"]) == pytest.approx(later / earlier - 1)
    assert row["net_before"] is None, "a sum of fourteen days is not compared with one of eleven"
    assert "of 14 days" in partly


@pytest.mark.parametrize("reports", ["duckdb"], indirect=True)
def test_no_arrow_rests_on_an_unsettled_day(reports):
    """With fewer than half of the days settled in both periods nothing is compared."""
    for first_open, complete in (("2026-05-11", True), ("2000-01-01", False)):
        html = page_of(reports, first_open, *DAYS)

        assert ("No day is complete yet" in html.split('id="sums"')[0]) is not complete
        assert 'class="up"' not in html
        assert 'class="down"' not in html
        assert totals(html)["views_change"] is None
        assert "no comparison" in html


@pytest.mark.parametrize("reports", ["duckdb"], indirect=True)
def test_the_page_says_first_until_when_it_is_complete(reports, partly):
    """Before any total."""
    top = partly.split('id="sums"')[0]

    assert 'Complete through <data value="2026-05-15">' in top
    assert '<data value="3">3</data> days of this period may still change' in top


@pytest.mark.parametrize("reports", ["duckdb"], indirect=True)
def test_the_period_ends_before_unsettled_days(reports):
    html = page_of(reports, OPEN)
    rows = [row for row in read(html).tables["views-tokportal"] if row]

    assert rows[-1][0] == "2026-05-15"
    assert {row[-1] for row in rows} == {"True"}
    assert "may still change and are left out" in html


@pytest.mark.parametrize("reports", ["duckdb"], indirect=True)
def test_marts_of_an_older_version_are_built_first(reports):
    drop = "alter table marts.fct_account_day drop column is_settled"

    ran, _ = reports.report(**reports.change(drop))

    assert ran.code == 6
    assert "social transform" in ran.stderr


LOGO = b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><path d="M0 0h8v8z"/></svg>'
TITLE = 'North & "Sons"'


@pytest.fixture
def logo(reports):
    path = reports.project.folder / "logo.svg"
    path.write_bytes(LOGO)
    return path


@pytest.mark.parametrize("reports", ["duckdb"], indirect=True)
def test_title_and_logo_are_the_agencys(reports, logo):
    """In the page itself; on a client's page the name stands above the client."""
    settings = {"REPORT__TITLE": TITLE, "REPORT__LOGO": "logo.svg"}

    whole = read(reports.report(**settings)[1])
    client = reports.report("--client", "Acme", **settings)[1]

    (image,) = whole.all("img")
    assert base64.b64decode(image["src"].removeprefix("data:image/svg+xml;base64,")) == LOGO
    assert TITLE in whole.text.split("Is it complete?")[0]
    assert read(client).text.index(TITLE) < read(client).text.index("Acme", 200)
    assert '<h1><bdi dir="auto">Acme</bdi></h1>' in client


@pytest.mark.parametrize("reports", ["duckdb"], indirect=True)
@pytest.mark.parametrize(
    ("name", "says"),
    [("logo.exe", "is no .png"), ("no.png", "cannot be read"), ("big.png", "bytes")],
)
def test_a_logo_that_cannot_be_embedded_is_refused(reports, name, says):
    (reports.project.folder / "big.png").write_bytes(b"\0" * 1_000_001)

    ran, html = reports.report(REPORT__LOGO=name)

    assert (ran.code, html) == (2, "")
    assert says in ran.stderr


@pytest.mark.parametrize("reports", ["duckdb"], indirect=True)
def test_without_a_browser_there_is_a_clear_message(reports, tmp_path):
    """Before the page is written."""
    (tmp_path / "bin").mkdir()

    ran, html = reports.report("--pdf", PATH=str(tmp_path / "bin"))

    assert (ran.code, html) == (2, "")
    assert "needs Chromium" in ran.stderr
    assert "print it" in ran.stderr


@pytest.mark.parametrize("reports", ["duckdb"], indirect=True)
def test_a_browser_that_fails_leaves_the_page(reports, tmp_path):
    """The message names the page, which is there."""
    browser = tmp_path / "chromium"
    browser.write_text("#!/bin/sh\nexit 7\n")
    browser.chmod(0o755)

    ran, html = reports.report("--pdf", PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    assert ran.code == 6
    assert "exit 7" in ran.stderr
    assert html.endswith("</html>\n")


@pytest.mark.parametrize("reports", ["duckdb"], indirect=True)
@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")
def test_the_pdf_lies_beside_the_page(reports):
    ran, _ = reports.report("--pdf")

    page, pdf = ran.stdout.split()
    assert pdf == page.removesuffix(".html") + ".pdf"
    content = (reports.project.folder / pdf).read_bytes()
    assert content.startswith(b"%PDF")
    assert len(content) > 20_000
    assert not Path(pdf).stat().st_mode & 0o077

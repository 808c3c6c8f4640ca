"""Which client an external_ref belongs to: rules, their file, and the joins they are for."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.tokportal.clients import ClientRule, client_rows, parse_clients

ROOT = Path(__file__).resolve().parent.parent.parent

RULES = """
[[clients]]
pattern = "acme-*-us"
client = "Acme"
campaign = "{1}"

[[clients]]
pattern = "acme-*"
client = "Acme abroad"

[[clients]]
pattern = "*"
client = "Others"
campaign = "all"
"""


def test_rules_are_read_in_order():
    """Nothing but what is written, and no campaign where none is named."""
    assert parse_clients(RULES) == (
        ClientRule("acme-*-us", "Acme", "{1}"),
        ClientRule("acme-*", "Acme abroad", None),
        ClientRule("*", "Others", "all"),
    )
    assert parse_clients("") == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[clients]\n", "not TOML"),
        ("[clients]\nacme = 1\n", "two brackets"),
        ('[[client]]\npattern = "a"\n', "'client' is not known"),
        ('[[clients]]\nclient = "A"\n', "rule 1: pattern is missing"),
        ('[[clients]]\npattern = "a"\nclient = ""\n', "rule 1: client is missing"),
        ('[[clients]]\npattern = "a"\nclient = "A"\ncolour = "red"\n', "'colour' is not known"),
        ('[[clients]]\npattern = "a"\nclient = "A"\ncampaign = 5\n', "campaign is not a text"),
        ('[[clients]]\npattern = "a-*"\nclient = "A"\ncampaign = "{2}"\n', "the pattern has 1 *"),
    ],
)
def test_wrong_file_is_refused_with_its_reason(text, says):
    """A mapping that is half understood would report one client's posts to another."""
    with pytest.raises(ValueError, match=r"clients\.toml") as refused:
        parse_clients(text)

    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("acme-spring-2026-us", ("Acme", "spring-2026")),
        ("acme-us", None),
        ("Acme-spring-2026-us", None),
        ("acme-spring-2026-us ", None),
        ("x-acme-spring-2026-us", None),
    ],
)
def test_whole_reference_has_to_match(ref, expected):
    """Case, spaces and both ends count: references are exact texts to the provider too."""
    assert parse_clients(RULES)[0].client_of(ref) == expected


@given(st.text(), st.text(), st.text())
def test_captured_text_is_taken_as_it_is(before, inside, after):
    """Nothing in a pattern or a reference is an expression, except the star."""
    before, after = before.replace("*", "+"), after.replace("*", "+")
    rule = ClientRule(f"{before}*{after}", "client", "{1}")

    assert rule.client_of(f"{before}{inside}{after}") == ("client", inside)


def test_first_rule_that_matches_decides():
    """Also for a reference that a later rule would match more closely."""
    rows = client_rows(parse_clients(RULES), ["acme-may-us", "acme-may-fr", "kite"])

    said = {row["external_ref"]: (row["client"], row["campaign"]) for row in rows}
    assert said == {
        "acme-may-us": ("Acme", "may"),
        "acme-may-fr": ("Acme abroad", None),
        "kite": ("Others", "all"),
    }


def test_example_file_is_one_that_is_read():
    """What users copy has to work."""
    example = (ROOT / ".dlt" / "example.clients.toml").read_text()

    assert parse_clients(example)[0].client_of("acme-spring-2026-us") == ("Acme", "spring-2026")


@pytest.fixture(scope="module")
def project(new_sandbox, new_project):
    sandbox = new_sandbox(accounts=12, posts=24, days=4)
    project = new_project(sandbox)
    assert project.sync().code == 0
    return project


def test_joins_of_the_readme_count_every_account_and_post(project):
    """The SQL that the README shows runs, and loses nothing."""
    readme = (ROOT / "sources" / "tokportal" / "README.md").read_text()
    accounts, posts = re.findall(r"```sql\n(.*?)```", readme, re.DOTALL)
    everything = "select count(*) from tokportal."

    counted = sum(row[2] for row in project.query(posts))
    assert project.query(f"{everything}tracked_posts") == [(counted,)]
    assert (
        sum(row[2] for row in project.query(accounts))
        >= project.query(f"{everything}accounts")[0][0]
    )

"""A placeholder is "not configured": it is no key, and no provider ever sees it."""

import re
import tomllib
from pathlib import Path

import pytest

from pipelines.placeholders import is_placeholder

EXAMPLE = Path(__file__).resolve().parents[2] / ".dlt" / "example.secrets.toml"
PLACEHOLDERS = [
    "",
    "  ",
    "<your key>",
    "sk_<key>",
    "your-key",
    "YOUR_API_KEY",
    "sk_your_key_here",
    "changeme",
    "change-me",
    "replace_me",
    "put-your-key-here",
    "xxxxxxxx",
    "sk_xxxxxxxx",
    "***",
    "...",
    "sk_...",
    "tkf_live_…",
    "${TOKPORTAL_API_KEY}",
    "$TOKPORTAL_API_KEY",
    "{{ key }}",
    "TODO",
    "api-key",
]
KEYS = ["sk_live_9a8b7c6d5e4f", "gva_live_ab12.9f8e7d6c", "tkf_live_1a2b3c", "sk_000f", "k"]


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=2, posts=4, days=5)


def examples():
    """Every secret of the example file, those in comments too."""
    lines = EXAMPLE.read_text().splitlines()
    text = "\n".join(re.sub(r"^# (?=\[|\w+ = )", "", line) for line in lines)
    text = text.replace('credentials = "postgresql', 'api_key = "postgresql')
    providers = tomllib.loads(text)["sources"]
    for provider in providers.values():
        yield provider["api_key"]
        yield from provider.get("webhook_secrets", [])
        yield from (key["api_key"] for key in provider.get("keys", {}).values())


@pytest.mark.parametrize("text", [*PLACEHOLDERS, *examples()])
def test_what_holds_the_place_of_a_key_is_none(text):
    assert is_placeholder(text)


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_none_of_them(key):
    assert not is_placeholder(key)


def test_the_example_file_with_one_key_filled_in(new_project, sandbox):
    """Exit 0: the other two providers are not configured. Nothing is sent to them."""
    project = new_project(sandbox, SOURCES__TOKPORTAL__API_KEY="")
    text = re.sub(r'"sk_0+"', f'"{sandbox.key()}"', EXAMPLE.read_text())
    (project.folder / ".dlt" / "secrets.toml").write_text(text)
    elsewhere = {
        f"SOURCES__{name}__BASE_URL": sandbox.base_urls[name.lower()]
        for name in ("GENVIRAL", "TOKFLUENCE")
    }

    ran = project.sync(**elsewhere)

    assert ran.code == 0, ran.stderr
    assert {skip["provider"] for skip in ran.result["skipped"] if skip["stream"] is None} == {
        "genviral",
        "tokfluence",
    }
    assert [sandbox.requests(name)["total"] for name in ("genviral", "tokfluence")] == [0, 0]


def test_only_placeholders_is_a_usage_error(new_project, sandbox):
    project = new_project(sandbox, SOURCES__TOKPORTAL__API_KEY="<your key>")

    assert project.social("sync").code == 2
    assert project.social("sync", SOURCES__TOKPORTAL__KEYS__ACME__API_KEY="sk_…").code == 2
    listened = project.social("listen", SOURCES__TOKPORTAL__WEBHOOK_SECRETS="whsec_…")
    assert listened.code == 2
    assert "placeholder" in listened.messages[-1]

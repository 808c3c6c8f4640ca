"""The architecture's arrows, as imports: what each part may know of the others."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import sources

ROOT = Path(__file__).resolve().parent.parent
PROVIDERS = sources.names()

# part → what it may import of our own, and which third-party names it must not know
MAY_IMPORT = {
    "sources/http": {"sources.http"},
    "sources/landing": {"sources.landing"},
    "sources/extraction": {"sources.http", "sources.landing", "sources.extraction"},
    "sources/batched.py": {"sources.extraction"},
    "sandbox": {"sandbox"},
    **{
        f"sources/{name}": {
            "sources.http",
            "sources.landing",
            "sources.extraction",
            "sources.batched",
            f"sources.{name}",
        }
        for name in PROVIDERS
    },
}
MUST_NOT_KNOW = {
    "sources/http": {"dlt", "duckdb", "pyarrow"},
    "sources/landing": {"dlt", "duckdb", "httpx", "aiohttp"},
    "sources/extraction": {"dlt", "duckdb", "httpx", "aiohttp"},
    "sandbox": {"dlt", "duckdb"},
    **{f"sources/{name}/client.py": {"dlt", "duckdb", "pyarrow"} for name in PROVIDERS},
    **{f"sources/{name}/__init__.py": {"httpx", "aiohttp"} for name in PROVIDERS},
}
OURS = ("sources", "pipelines", "sandbox")


def imports_of(path: Path) -> set[str]:
    """Absolute names of everything a module imports, also inside functions."""
    package = [*path.relative_to(ROOT).with_suffix("").parts]
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            found |= {stem} if node.module else {f"{stem}.{alias.name}" for alias in node.names}
    return found


def modules_in(part: str) -> list[Path]:
    where = ROOT / part
    return [where] if where.suffix else sorted(where.rglob("*.py"))


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_part_imports_only_what_lies_below_it(part: str) -> None:
    """Data flows one way: http and landing at the bottom, then extraction, then a provider."""
    allowed = MAY_IMPORT[part]

    strays = {
        (path.name, name)
        for path in modules_in(part)
        for name in imports_of(path)
        if name.split(".")[0] in OURS
        and not any(name == ours or name.startswith(f"{ours}.") for ours in allowed)
    }

    assert strays == set()


@pytest.mark.parametrize("part", MUST_NOT_KNOW)
def test_part_does_not_know_what_is_not_its_business(part: str) -> None:
    """The client knows HTTP and not dlt; the source knows dlt and not HTTP; and so on."""
    forbidden = MUST_NOT_KNOW[part]

    known = {
        (path.name, name)
        for path in modules_in(part)
        for name in imports_of(path)
        if name.split(".")[0] in forbidden
    }

    assert known == set()


def test_nothing_in_sources_opens_a_destination() -> None:
    """Only pipelines knows where rows go."""
    strays = {
        (path.name, name)
        for path in (ROOT / "sources").rglob("*.py")
        for name in imports_of(path)
        if name.split(".")[0] in ("duckdb", "psycopg2", "pipelines", "sandbox")
    }

    assert strays == set()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_has_all_its_mirrors(provider: str) -> None:
    """A folder in sources/ needs a sandbox, a secrets example, a README and a first pipeline."""
    secrets = (ROOT / ".dlt" / "example.secrets.toml").read_text()

    missing = [
        name
        for name, there in {
            "README": (ROOT / "sources" / provider / "README.md").exists(),
            "sandbox module": (ROOT / "sandbox" / provider).exists(),
            "secrets example": f"[sources.{provider}]" in secrets,
            "pipeline": (ROOT / "pipelines" / f"{provider}_pipeline.py").exists(),
        }.items()
        if not there
    ]

    assert missing == []

"""`social check`: what would stop a sync, found before any data call, each with its remedy."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Literal

from .destinations import Destination, DuckDB, Shard, Warehouse, destination
from .exits import Exit, Stop, gravest, usage
from .lock import Holder
from .settings import ProviderSettings, prepare_dlt, project_root

_ENOUGH_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True)
class Finding:
    """One line of the check. `state`: ok, note (nothing to do) or bad (with its exit code)."""

    what: str
    state: Literal["ok", "note", "bad"]
    said: str
    remedy: str = ""
    exit_code: int = 0

    def line(self) -> str:
        sign = {"ok": "ok  ", "note": "note", "bad": "BAD "}[self.state]
        return f"{sign}  {self.what:<12}  {self.said}" + (
            f"  → {self.remedy}" if self.remedy else ""
        )


def worst(findings: list[Finding]) -> Exit:
    return gravest(Exit(finding.exit_code) for finding in findings if finding.state == "bad")


def run_checks(
    provider: str | None = None, target: str = "duckdb", shard: Shard | None = None
) -> list[Finding]:
    """All findings. Raises Stop (usage) for a provider that is not known."""
    prepare_dlt()
    import sources

    if provider is not None and provider not in sources.names():
        raise usage(f"no provider is called {provider!r}", f"Known: {', '.join(sources.names())}.")
    names = [provider] if provider else sources.names()
    place = destination(target, shard)
    findings = [
        *_versions(),
        *_settings(),
        *_secrets_file(),
        *_warehouse(place),
        *_grants(place, shard, names),
    ]
    findings += [*_bi(place), *_disk(place)]
    if any(finding.exit_code for finding in findings):
        return findings  # a sync would stop here too, before it asks anything
    for name in names:
        findings += _provider(name)
    return findings


def _versions() -> Iterator[Finding]:
    names = ("dlt", "duckdb", "httpx")
    said = ", ".join(f"{name} {version(name)}" for name in names)
    yield Finding("versions", "ok", f"Python {sys.version.split()[0]}, {said}")


def _settings() -> Iterator[Finding]:
    yield Finding("settings", "ok", str(project_root() / ".dlt"))


def _secrets_file() -> Iterator[Finding]:
    path = project_root() / ".dlt" / "secrets.toml"
    if path.exists() and path.stat().st_mode & 0o077:
        yield Finding("secrets", "note", f"{path} can be read by others", f"chmod 600 {path}")


def _warehouse(place: Destination) -> Iterator[Finding]:
    import sources

    try:
        with _opened(place) as warehouse:
            tables = sum(len(warehouse.tables(name)) for name in sources.names())
            where = place.target.removeprefix("duckdb:")
            yield Finding("warehouse", "ok", f"{where}, {tables} tables")
    except Stop as stop:
        state: Literal["note", "bad"] = "note" if stop.code is Exit.LOCKED else "bad"
        yield Finding("warehouse", state, stop.message, stop.remedy, int(stop.code))


def _opened(place: Destination) -> AbstractContextManager[Warehouse]:
    """A DuckDB file as a sync opens it; a Postgres database without its lock, which asks for rights
    that are checked next."""
    return place.writing(Holder()) if isinstance(place, DuckDB) else place.reading()


def _grants(place: Destination, shard: Shard | None, providers: Iterable[str]) -> Iterator[Finding]:
    if isinstance(place, DuckDB):
        return
    from .destinations.grants import missing

    try:
        with place.reading() as warehouse:
            statements = missing(warehouse, shard or Shard(0, 1), providers)
    except Stop:
        return  # said already
    if statements:
        said = f"{len(statements)} rights are missing; the owner of the database runs"
        yield Finding("grants", "bad", said, " ".join(statements), int(Exit.USAGE))
    else:
        yield Finding("grants", "ok", "the user may do what a sync needs")


def _bi(place: Destination) -> Iterator[Finding]:
    """Whether dashboards can read the marts. No sync is stopped by it."""
    if isinstance(place, DuckDB):
        return
    from .destinations.grants import READER, missing_for_reader

    try:
        with place.reading() as warehouse:
            statements = missing_for_reader(warehouse)
    except Stop:
        return  # said already
    if statements is None:
        made = "`social schema --format grants` makes it"
        yield Finding("bi", "note", f"there is no role {READER} for dashboards", made)
    elif statements:
        said = f"{READER} cannot read all marts; their owner runs"
        yield Finding("bi", "note", said, " ".join(statements))
    else:
        yield Finding("bi", "ok", f"{READER} can read the marts")


def _disk(place: Destination) -> Iterator[Finding]:
    folder = place.folder
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < _ENOUGH_BYTES:
        yield Finding("disk", "bad", f"{free >> 20} MiB free", "Make room.", int(Exit.DESTINATION))
    else:
        yield Finding("disk", "ok", f"{free >> 30} GiB free")


def _provider(name: str) -> Iterator[Finding]:
    from .settings import provider_settings

    settings = provider_settings(name)
    if not settings.configured:
        yield Finding(
            name,
            "note",
            "not configured",
            f"`social init`, or SOURCES__{name.upper()}__API_KEY, if you have an account there.",
        )
    for tenant in settings.keys:
        yield asyncio.run(_key(settings, tenant))


async def _key(settings: ProviderSettings, tenant: str) -> Finding:
    import sources
    from sources.http.client import HttpClient
    from sources.http.errors import CredentialsRefused, EgressRefused, ProviderError

    provider, what = sources.get(settings.name), settings.name
    if tenant != "default":
        what = f"{settings.name}.{tenant}"
    try:
        connection = provider.connect(
            settings.keys[tenant],
            settings.base_url,
            requests_per_minute=settings.requests_per_minute,
        )
        async with HttpClient(connection) as http:
            said = await provider.describe_access(http)
    except EgressRefused as error:
        return Finding(what, "bad", error.message, error.remedy, int(Exit.USAGE))
    except CredentialsRefused as error:
        return Finding(what, "bad", error.message, error.remedy, int(Exit.CREDENTIALS))
    except ProviderError as error:
        return Finding(what, "bad", error.message, error.remedy, int(Exit.TRY_LATER))
    rate = f"{connection.rate.per_minute:g} requests a minute"
    return Finding(what, "ok", f"key {connection.auth.fingerprint} accepted, {said}, {rate}")

"""Settings by dlt's own order: environment, then .dlt/secrets.toml, then .dlt/config.toml.

`environment.py` says which variables count and which `.dlt` is the project's.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, fields
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sources.extraction.batches import Limits

from . import environment
from .exits import usage
from .placeholders import is_placeholder

if TYPE_CHECKING:
    from .privacy import PrivacySettings

_NEVER_ZERO = ("requests_per_minute", "concurrency", "batch_rows", "batch_accounts")


def project_root() -> Path:
    """The folder whose `.dlt` holds the settings."""
    return environment.project_folder().path


@cache
def prepare_dlt() -> None:
    """Pass the gate of the environment and give dlt this project's settings, and no others."""
    environment.enter()
    from .dlt_context import plug

    plug(project_root())


def _config(section: str, name: str) -> Any:
    import dlt

    return dlt.config.get(f"{section}.{name}")


def _secret(section: str, name: str) -> str | None:
    import dlt

    value: Any = dlt.secrets.get(f"{section}.{name}")
    return str(value).strip() or None if value is not None else None


@dataclass(frozen=True)
class ProviderSettings:
    """A provider's keys by tenant label, its address, its rate and its options.

    The plain key is labelled `default`; `key_options` are those set for one key alone. A
    placeholder is no key.
    """

    name: str
    keys: dict[str, str] = field(repr=False)
    base_url: str
    requests_per_minute: float | None
    concurrency: int
    options: dict[str, Any]
    key_options: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def configured(self) -> bool:
        return bool(self.keys)


def provider_settings(name: str) -> ProviderSettings:
    """Settings of one provider. Raises Stop (usage) for a value that is not what it should be."""
    from sources import get

    provider, section = get(name), f"sources.{name}"
    tables = _key_tables(name)
    plain = _secret(section, "api_key")
    keys = {"default": plain or ""}
    keys |= {label: str(table.get("api_key") or "") for label, table in tables.items()}
    keys = {label: key for label, key in keys.items() if not is_placeholder(key)}
    rate = _config(section, "requests_per_minute")
    return ProviderSettings(
        name=name,
        keys=keys,
        base_url=str(_config(section, "base_url") or provider.BASE_URL),
        requests_per_minute=_number(section, "requests_per_minute", rate, float),
        concurrency=_number(section, "concurrency", _config(section, "concurrency"), int) or 16,
        options=_options(section, provider.Options) | _clients(provider),
        key_options={
            label: _options_of_key(f"{section}.keys.{label}", table, provider.Options)
            for label, table in tables.items()
        },
    )


def clients_file() -> Path:
    """Where the rules lie that map references to clients."""
    return project_root() / ".dlt" / "clients.toml"


def _clients(provider: Any) -> dict[str, Any]:
    """The rules of .dlt/clients.toml, for a provider whose references it maps."""
    path = clients_file()
    if not hasattr(provider, "parse_clients") or not path.exists():
        return {}
    try:
        return {"clients": provider.parse_clients(path.read_text())}
    except ValueError as error:
        raise usage(str(error), f"Correct {path}.") from None


def _key_tables(name: str) -> dict[str, dict[str, Any]]:
    """`[sources.<name>.keys.<label>]`, and the same from the environment."""
    import dlt

    said: Any = dlt.secrets.get(f"sources.{name}.keys")
    tables = {label: dict(table) for label, table in dict(said or {}).items()}
    pattern = re.compile(rf"SOURCES__{name.upper()}__KEYS__(\w+?)__([A-Z_]+)")
    for variable, value in os.environ.items():
        if match := pattern.fullmatch(variable):
            tables.setdefault(match[1].lower(), {})[match[2].lower()] = value
    return tables


def reread_key(name: str, tenant: str) -> str | None:
    """The key as it is now: one that was rotated while a run went on is found without a restart."""
    from dlt.common.configuration.container import Container
    from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

    Container()[PluggableRunContext].reload_providers()
    return provider_settings(name).keys.get(tenant)


def _options(section: str, kind: Any) -> dict[str, Any]:
    found = {}
    for option in fields(kind):
        value: Any = _config(section, option.name)
        if value is not None:
            found[option.name] = _converted(section, option.name, value, option.type)
    return found


def _options_of_key(section: str, said: dict[str, Any], kind: Any) -> dict[str, Any]:
    known = {option.name: option.type for option in fields(kind)}
    return {
        name: _converted(section, name, value, known[name])
        for name, value in said.items()
        if name in known
    }


def _converted(section: str, name: str, value: Any, kind: Any) -> Any:
    if kind in (date, "date"):
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            raise usage(f"{section}.{name} = {value!r} is not a day (YYYY-MM-DD)") from None
    number = {"float": float, "int": int}.get(str(kind))
    return _number(section, name, value, number) if number else value


def _number(section: str, name: str, value: Any, kind: type) -> Any:
    if value is None:
        return None
    try:
        number = kind(value)
    except ValueError:
        raise usage(f"{section}.{name} = {value!r} is not a number") from None
    if number < 0 or (number == 0 and name in _NEVER_ZERO):
        raise usage(f"{section}.{name} = {value!r} must be greater")
    return number


def batch_limits() -> Limits:
    """When a batch closes: `[sync] batch_seconds, batch_rows, batch_accounts`."""
    kinds = {"seconds": float, "rows": int, "accounts": int}
    said = {
        name: _number("sync", f"batch_{name}", _config("sync", f"batch_{name}"), kind)
        for name, kind in kinds.items()
    }
    return Limits(**{name: value for name, value in said.items() if value is not None})


def completeness_days() -> int:
    """`[retention] completeness_days`: how long ledgers of each run are kept; 90 unless set."""
    days = _number("retention", "completeness_days", _config("retention", "completeness_days"), int)
    return 90 if days is None else int(days)


def privacy_settings() -> PrivacySettings:
    """`[privacy]` and the days of `[retention]`. Raises Stop (usage) for a wrong value."""
    from .privacy import PrivacySettings, parse_drop

    hashes = str(_config("privacy", "hash_authors") or "").lower() in ("true", "1")
    salt = _secret("privacy", "salt")
    if hashes and (salt is None or len(salt) < 16):
        raise usage(
            "privacy.hash_authors needs a salt of at least 16 characters",
            'Set [privacy] salt = "…" in .dlt/secrets.toml, and never change it.',
        )
    kinds = {"comments": "comments_days", "raw": "raw_days"}
    days = {
        kind: _number("retention", n, _config("retention", n), int) for kind, n in kinds.items()
    }
    return PrivacySettings(
        author_salt=salt if hashes else None,
        drop=parse_drop(_names(_config("privacy", "drop"))),
        days={kind: value for kind, value in days.items() if value},
    )


def _names(value: Any) -> list[str]:
    """A list of the file, or the comma-separated text of an environment variable."""
    if isinstance(value, str):
        return [part.strip(" []\"'") for part in value.split(",") if part.strip(" []\"'")]
    return [str(part) for part in value or ()]


def duckdb_path() -> Path:
    """The warehouse file: DESTINATION__DUCKDB__CREDENTIALS, a path or a duckdb:/// URL."""
    said = _secret("destination.duckdb", "credentials")
    if not said:
        return project_root() / "data" / "warehouse.duckdb"
    path = Path(said.removeprefix("duckdb:///").removeprefix("duckdb:")).expanduser()
    return path if path.is_absolute() else project_root() / path


def postgres_url() -> str | None:
    """DESTINATION__POSTGRES__CREDENTIALS as it was written, which may hold a password; None for the
    placeholder of the example file."""
    return _postgres_url("credentials")


def postgres_reader_url() -> str | None:
    """DESTINATION__POSTGRES__READ_CREDENTIALS: the user for `social query`; may hold a password."""
    return _postgres_url("read_credentials")


def _postgres_url(name: str) -> str | None:
    url = _secret("destination.postgres", name)
    return None if url is None or url.endswith("@host:5432/database") else url

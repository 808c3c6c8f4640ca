"""Where a Postgres warehouse is: DESTINATION__POSTGRES__CREDENTIALS, a URL."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from sources.http.redaction import register

from ..exits import Stop, usage

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_EXAMPLE = "postgresql://user:password@host:5432/database"
# A run may wait minutes for the provider between two statements: a dead peer must be noticed.
_ALWAYS = {"connect_timeout": "10", "keepalives_idle": "30", "application_name": "social"}


@dataclass(frozen=True)
class Address:
    """`url` is complete and secret; `shown` is for people."""

    url: str = field(repr=False)
    shown: str
    database: str

    @classmethod
    def parse(cls, text: str | None, setting: str = "CREDENTIALS") -> Self:
        """`setting`: where the text comes from, under DESTINATION__POSTGRES. Raises Stop (usage),
        which never repeats the text: it may hold a password."""
        if not text:
            raise usage(
                "no Postgres warehouse is configured",
                f"Set DESTINATION__POSTGRES__CREDENTIALS={_EXAMPLE}, or [destination.postgres]"
                " credentials in .dlt/secrets.toml.",
            )
        try:
            return cls._parsed(text)
        except ValueError:
            raise _not_a_url(setting) from None

    @classmethod
    def _parsed(cls, text: str) -> Self:
        said = urlsplit(text)
        host, database = said.hostname, unquote(said.path[1:])
        if said.password:
            register(unquote(said.password))
        if said.scheme not in ("postgres", "postgresql") or not host or not database:
            raise ValueError
        if not said.username or "/" in database:
            raise ValueError
        at = f"{f'[{host}]' if ':' in host else host}:{said.port or 5432}"
        password = quote(unquote(said.password or ""), safe="")  # dlt insists on the colon
        user = quote(unquote(said.username), safe="")
        options = _ALWAYS | _encrypted(host) | dict(parse_qsl(said.query))
        where = f"{at}/{quote(database, safe='')}"
        return cls(
            f"postgresql://{user}:{password}@{where}?{urlencode(options, quote_via=quote)}",
            f"postgres:{at}/{database}",
            database,
        )


def _encrypted(host: str) -> dict[str, str]:
    """libpq by itself would send the password in the clear where the server has no TLS."""
    return {} if host in _LOOPBACK else {"sslmode": "require"}


def _not_a_url(setting: str) -> Stop:
    return usage(
        f"DESTINATION__POSTGRES__{setting} is not the URL of a Postgres database",
        f"Write {_EXAMPLE}; what is no letter or digit in the password percent-encoded.",
    )

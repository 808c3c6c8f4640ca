"""Where a Postgres warehouse is: DESTINATION__POSTGRES__CREDENTIALS, a URL.

The server of another host must prove that it is the one in the URL: libpq by itself would send the
password in the clear where the server has no TLS, and to any server that answers where it has.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from sources.http.redaction import register

from ..exits import Stop, usage

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_EXAMPLE = "postgresql://user:password@host:5432/database"
# Of Debian, Fedora, Alpine and macOS, where Python itself names none.
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)
# A run may wait minutes for the provider between two statements: a dead peer must be noticed.
_ALWAYS = {"connect_timeout": "10", "keepalives_idle": "30", "application_name": "social"}
# Whatever the URL, the role or the database sets: text of providers needs it.
_FIXED = {"client_encoding": "UTF8"}


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
        options = _ALWAYS | _authenticated(host, dict(parse_qsl(said.query))) | _FIXED
        where = f"{at}/{quote(database, safe='')}"
        return cls(
            f"postgresql://{user}:{password}@{where}?{urlencode(options, quote_via=quote)}",
            f"postgres:{at}/{database}",
            database,
        )


def _authenticated(host: str, options: dict[str, str]) -> dict[str, str]:
    """The options with `verify-full` where another host is reached and no `sslmode` is given, and
    with the system's authorities where the server is verified and none are named."""
    reached = options.get("hostaddr") or options.get("host") or host
    is_local = reached in _LOOPBACK or reached.startswith("/")
    mode = options.get("sslmode") or ("" if is_local else "verify-full")
    if not mode:
        return options
    roots = options.get("sslrootcert", "")
    if mode.startswith("verify-") and roots in ("", "system"):
        roots = str(authorities())
    return options | {"sslmode": mode} | ({"sslrootcert": roots} if roots else {})


def authorities() -> Path:
    """The file with the certificates of the authorities that this system trusts.

    libpq's own `sslrootcert=system` asks the OpenSSL that is packed with it, and the one in
    psycopg2-binary looks into a folder of the machine that built it.
    """
    system = ssl.get_default_verify_paths().cafile or ""
    for file in (os.environ.get("SSL_CERT_FILE", ""), system, *_BUNDLES):
        if file and Path(file).is_file():
            return Path(file)
    import certifi

    return Path(certifi.where())


def _not_a_url(setting: str) -> Stop:
    return usage(
        f"DESTINATION__POSTGRES__{setting} is not the URL of a Postgres database",
        f"Write {_EXAMPLE}; what is no letter or digit in the password percent-encoded.",
    )

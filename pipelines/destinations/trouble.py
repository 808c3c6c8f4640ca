"""What stands in the way of a Postgres warehouse, as one sentence and a remedy."""

from __future__ import annotations

import re
from typing import Any

from adbc_driver_manager import Error as AdbcError
from psycopg2 import Error as PsycopgError
from psycopg2 import InterfaceError, OperationalError

from sources.http.redaction import shown

from ..exits import Exit, Stop

_SAFE = "What was committed is safe."
_LATER = f"{_SAFE} Run again when it is back; the next run goes on from there."
_CHECK = f"{_SAFE} `social check --target postgres` prints the GRANT that is missing."

# By SQLSTATE, or its class of two letters.
_STATES: dict[str, tuple[Exit, str, str]] = {
    "08": (Exit.DESTINATION, "the connection was lost", _LATER),
    "57P": (Exit.DESTINATION, "the server ended the connection", _LATER),
    "53100": (Exit.DESTINATION, "its disk is full", f"{_SAFE} Make room there, then run again."),
    "53200": (Exit.DESTINATION, "it is out of memory", _LATER),
    "53300": (
        Exit.DESTINATION,
        "it takes no more connections",
        f"{_SAFE} Raise max_connections, or run fewer shards at once.",
    ),
    "53": (Exit.DESTINATION, "it is out of resources", _LATER),
    "58": (Exit.DESTINATION, "it cannot read or write its files", "Look into the server's log."),
    "25006": (Exit.DESTINATION, "it is read-only", f"{_SAFE} Connect to the primary server."),
    "42501": (Exit.USAGE, "a right is missing", _CHECK),
    "40P01": (Exit.DESTINATION, "two programs waited for each other", f"{_SAFE} Run again."),
    "55P03": (
        Exit.DESTINATION,
        "another program holds a lock on its tables",
        f"{_SAFE} End it, then run again.",
    ),
    "23505": (
        Exit.DESTINATION,
        "another program wrote the same row at the same moment",
        f"{_SAFE} Run again; the rows of the interrupted load are asked once more.",
    ),
}
_RELAX = (
    "?sslmode=require in DESTINATION__POSTGRES__CREDENTIALS encrypts without this check; only where"
    " the network is trusted."
)
_REFUSED = "Correct the user or the password in DESTINATION__POSTGRES__CREDENTIALS."
# A connection that is refused has no SQLSTATE in psycopg2, only the server's English.
_WORDS: tuple[tuple[str, Exit, str, str], ...] = (
    ("password authentication failed", Exit.USAGE, "the user or its password is refused", _REFUSED),
    ("no password supplied", Exit.USAGE, "it wants a password", _REFUSED),
    ("no pg_hba.conf entry", Exit.USAGE, "it takes no connection from here", _REFUSED),
    (r"role \".*\" does not exist", Exit.USAGE, "the user does not exist", _REFUSED),
    (
        r"database \".*\" does not exist",
        Exit.USAGE,
        "the database does not exist",
        "Create it, or correct the URL.",
    ),
    (
        "does not support SSL",
        Exit.USAGE,
        "it has no TLS, and would get the password in the clear",
        "Set it up there; or add ?sslmode=disable to the URL, where the network is trusted.",
    ),
    (
        "does not match host name",
        Exit.USAGE,
        "its TLS certificate is made out to another host, so it may be an impostor",
        f"Correct the host in the URL, or the certificate. {_RELAX}",
    ),
    (
        "certificate verify failed|self.signed certificate|unable to get local issuer",
        Exit.USAGE,
        "its TLS certificate has expired or is signed by no trusted authority, so it may be an"
        " impostor",
        f"Add ?sslrootcert=FILE with its authority to the URL. {_RELAX}",
    ),
    (
        "root certificate file .* does not exist|could not read root certificate file",
        Exit.USAGE,
        "the file of trusted authorities cannot be read",
        "Correct sslrootcert in the URL.",
    ),
    ("No space left", *_STATES["53100"]),
    ("terminating connection", *_STATES["57P"]),
    ("starting up", Exit.DESTINATION, "it is starting", _LATER),
    ("shutting down", Exit.DESTINATION, "it is shutting down", _LATER),
    ("too many clients", *_STATES["53300"]),
    ("closed the connection", *_STATES["08"]),
)


def explain(where: str, error: BaseException) -> Stop | None:
    """The Stop for an error of the server or the way to it; None for one of our own making."""
    if not isinstance(error, PsycopgError | AdbcError):
        return None
    text, state = str(error), _sqlstate(error)
    known = _STATES.get(state) or _STATES.get(state[:3]) or _STATES.get(state[:2])
    if known is None and (not state or isinstance(error, OperationalError)):
        known = _by_words(text)
    if known is None and (isinstance(error, OperationalError | InterfaceError) or not state):
        return Stop(Exit.DESTINATION, f"{where} cannot be reached: {_first_line(text)}", _LATER)
    if known is None:
        return None
    code, said, remedy = known
    detail = f" ({_first_line(text)})" if state == "42501" else ""
    return Stop(code, f"{where}: {said}{detail}", remedy)


def _by_words(text: str) -> tuple[Exit, str, str] | None:
    for words, code, said, remedy in _WORDS:
        if re.search(words, text):
            return code, said, remedy
    return None


def _sqlstate(error: Any) -> str:
    return getattr(error, "pgcode", None) or getattr(error, "sqlstate", None) or ""


def _first_line(text: str) -> str:
    return shown(text.strip().splitlines()[0]) if text.strip() else "no reason given"

"""Waiting for a free connection: a Postgres server takes only so many at once.

Several workers, their loads and dashboards share `max_connections`. A refusal for want of a free
connection passes within seconds, so it is waited out instead of ending the run.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from typing import TypeVar

from ..signals import stop_requested

T = TypeVar("T")

LIMIT_SECONDS = 90.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_STATE = "53300"
# A refused connection has no SQLSTATE in psycopg2 and in ADBC, only a text: the server's, for all
# connections, for those that are not reserved, or of one role or database; and PgBouncer's.
_WORDS = re.compile(
    r"too many clients|remaining connection slots|too many connections for|"
    r"no more connections allowed|53300"
)


def connect_patiently(connect: Callable[[], T]) -> T:
    """Open a connection; try again while the server has none free, at most 90 seconds. Raises what
    `connect` raises."""
    deadline, pause = time.monotonic() + LIMIT_SECONDS, _FIRST_PAUSE
    while True:
        try:
            return connect()
        except Exception as error:
            late = time.monotonic() + pause > deadline
            if not is_full(error) or late or stop_requested():
                raise
        time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  (workers must not come together)
        pause = min(_LONGEST_PAUSE, pause * 2)


def is_full(error: BaseException) -> bool:
    """Whether a server refused a connection because it has none free."""
    state = getattr(error, "pgcode", None) or getattr(error, "sqlstate", None)
    return state == _STATE or _WORDS.search(str(error)) is not None

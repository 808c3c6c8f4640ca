"""Streams of an account that failed again and again are tried less and less often."""

from __future__ import annotations

from typing import Any

from ..landing.days import SLACK
from ..landing.held import Held
from ..landing.outcomes import SYNC_ACCOUNT_STATUS
from .scope import Scope

Row = dict[str, Any]

REASON = "failing"


def resting_streams(scope: Scope, account_id: str, held: Held) -> dict[str, Row]:
    """Streams that are not to be tried yet, with how they stand. Whoever names an account, or wants
    all of it anew, has it tried at once."""
    if scope.only_accounts is not None or scope.full_refresh:
        return {}
    stored = held.of(SYNC_ACCOUNT_STATUS, account_id)
    return {stream: each.row for (_, stream), each in stored.items() if _rests(scope, each.row)}


def _rests(scope: Scope, row: Row) -> bool:
    until = row["next_retry_at"]
    return row["status"] == "failed" and until is not None and scope.now() < until - SLACK


def why(row: Row) -> str:
    """In the words of `sync_skips`."""
    return (
        f"failed {row['failures']} times in a row ({row['error_code']});"
        f" tried again after {row['next_retry_at']:%Y-%m-%d %H:%M}Z"
    )


def remedy(account_id: str) -> str:
    return f"`social sync --accounts {account_id}` tries at once."

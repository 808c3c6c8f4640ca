"""The last line of a run: what happened, what is safe, what to do."""

from __future__ import annotations

from typing import Any

from .exits import Exit
from .ledger import RunResult
from .rejected import CODE as REJECTED

_NEXT = {
    Exit.OK: "",
    Exit.BUG: "Report the bug; the rest is loaded and consistent.",
    Exit.PARTIAL: "The rest is loaded and consistent. See `social status` and sync_errors.",
    Exit.CREDENTIALS: "What was committed stays. Put a working key in place, then `social check`.",
    Exit.TRY_LATER: "What was committed stays. The next run goes on from there.",
    Exit.CHECK_FAILED: "A stored cursor is wrong. See sync_errors for the remedy.",
    Exit.INTERRUPTED: "Interrupted. What was committed stays; the next run goes on from there.",
    Exit.TERMINATED: "Terminated. What was committed stays; the next run goes on from there.",
    Exit.USAGE: "Correct the configuration.",
}


def last_line(result: RunResult) -> str:
    """One line for people and logs."""
    requests = sum(provider.requests for provider in result.providers)
    took = (result.finished_at - result.started_at).total_seconds() if result.finished_at else 0
    done = f"{result.rows_written:,} rows written, {requests:,} requests, {took:.1f} s"
    if result.failure:
        return f"{result.failure.message}. {result.failure.remedy} ({done})"
    trouble = _trouble(result)
    parts = [f"exit {int(result.exit_code)}: {done}"]
    if trouble:
        parts.append(trouble)
    if result.not_configured:
        parts.append(f"not configured: {', '.join(result.not_configured)}")
    return ". ".join([*parts, _NEXT[result.exit_code]]).strip(". ") + "."


def _trouble(result: RunResult) -> str:
    """The first failure and the first kind of rejected rows, and how many more there are."""
    errors = [(p.label, error) for p in result.providers for error in p.errors]
    rejected = [each for each in errors if each[1]["code"] == REJECTED]
    failed = [each for each in errors if each[1]["code"] != REJECTED]
    shown = [*failed[:1], *rejected[:1]]
    more = f" (and {len(errors) - len(shown)} more)" if len(errors) > len(shown) else ""
    return ". ".join(_words(label, error) for label, error in shown) + more


def _words(label: str, error: dict[str, Any]) -> str:
    where = " ".join(filter(None, (label, error["stream"], error["account_id"])))
    retry = f", come back after {error['retry_at']}" if error["retry_at"] else ""
    return f"{where}: {error['message'].rstrip('.')}{retry}"

"""All pieces of an account are done: how each stream stands, and the cursors of complete ones."""

from __future__ import annotations

from datetime import datetime

from ..extraction.proof import Proof, prove
from ..landing.batch import Batch
from ..landing.days import iso
from ..landing.held import Held
from .account_work import AccountWork
from .client import COMMENT_LIMIT
from .drilldown import DrilldownReader
from .raw_history import cursor_of
from .scope import ACCOUNT_STREAMS


def settle(work: AccountWork, batch: Batch, held: Held) -> None:
    """Status rows of every stream of the account; cursors move for the complete ones only."""
    if work.drilldown is None and "accounts" in work.scope.streams:
        # Without a drilldown the account still is one: its listing lands.
        reader = DrilldownReader(work.account_id, batch, held, work.now())
        reader.account(work.listed, work.dashboard, None)
    for stream in ACCOUNT_STREAMS:
        if stream in work.scope.streams:
            _settle_stream(work, stream, batch, held)


def _settle_stream(work: AccountWork, stream: str, batch: Batch, held: Held) -> None:
    outcome, now = work.outcome(stream), work.now()
    status = _status(work, stream)
    # Raw marks stay before what was rejected by themselves; other cursors know no such place.
    held_back = status == "partial" and stream != "account_raw_snapshots"
    if status in ("ok", "partial") and not held_back and work.drilldown is not None:
        _move_cursor(work, stream)
    if stream in ("account_raw_snapshots", "post_raw_snapshots", "comments") and outcome.pieces:
        _prove(work, stream, batch, now)
    work.stands(stream, status, batch, held, work.observed())


def _status(work: AccountWork, stream: str) -> str:
    status = work.status_of(stream)
    if status in ("failed", "skipped", "partial"):
        return status
    if work.drilldown is None:  # nothing else can be known without it
        return "no_data" if work.outcome("drilldown").absence else "skipped"
    return "ok"


def _move_cursor(work: AccountWork, stream: str) -> None:
    observed = work.observed()
    if stream == "account_raw_snapshots":
        if work.raw_mark is not None:
            work.cursors[stream] = cursor_of(work.raw_mark)
    elif stream == "daily_series":
        known, today = work.cursors.get(stream) or {}, work.now().date().isoformat()
        days = (work.drilldown.series_days if work.drilldown else set()) | work.series_days
        newest = max(days).isoformat() if days else known.get("through")
        work.cursors[stream] = {
            "through": min(newest or today, today),
            "observed_at": observed,
            "from_series": work.from_series or known.get("from_series", []),
            "whole_at": iso(work.now()) if work.whole_series else known.get("whole_at"),
        }
    elif stream == "series_points":
        today = work.now().date().isoformat()
        work.cursors[stream] = {"through": today, "observed_at": observed}
    elif observed:
        work.cursors[stream] = {"observed_at": observed}


def _prove(work: AccountWork, stream: str, batch: Batch, now: datetime) -> None:
    outcome = work.outcome(stream)
    equation = "the last page of every walk is shorter than its limit"
    if stream == "comments":
        equation = f"fewer than {COMMENT_LIMIT} comments for every post asked"
    proof = prove(outcome.landed, rejected=outcome.rejected, truncated=bool(outcome.truncated))
    if outcome.failures:
        proof = Proof("failed", outcome.landed, rejected=outcome.rejected)
    work.scope.notes.complete(batch, now, stream, proof, equation, work.account_id)

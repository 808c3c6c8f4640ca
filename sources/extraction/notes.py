"""What happened to an account's stream, as ledger rows and as counts for the result line."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ..http.errors import ProviderError
from ..http.redaction import redact
from ..landing.batch import Batch
from ..landing.held import Stored
from ..landing.outcomes import (
    SYNC_ACCOUNT_STATUS,
    SYNC_COMPLETENESS,
    SYNC_ERRORS,
    SYNC_REJECTS,
    SYNC_SKIPS,
)
from .proof import Proof

_RETRY_HOURS_MAX = 24
_AGAIN_AND_AGAIN = 3  # failures in a row; what is mended sooner is whole with the next run


@dataclass
class Tally:
    """Counts of one stream over a run. `rows`: served by the provider; `changed`: rows written,
    because they were new or had changed; `rejected`: could not be typed."""

    accounts_ok: int = 0
    accounts_failed: int = 0
    accounts_skipped: int = 0
    rows: int = 0
    changed: int = 0
    rejected: int = 0
    completeness: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "completeness": dict(+self.completeness)}


@dataclass
class Rejects:
    """Rows of one table that were rejected for the same column: how many, whose, and the reason of
    the first. `account_id` is None when they are several accounts' or nobody's."""

    table: str
    column: str
    reason: str
    account_id: str | None
    rows: int = 0


@dataclass(frozen=True)
class _Noted:
    """A row of `sync_completeness` that may still be corrected."""

    proof: Proof
    equation: str


@dataclass
class Notes:
    """The notes of one run, over all its batches. `rejects` are by table and column."""

    streams: dict[str, Tally] = field(default_factory=dict)
    rejects: dict[tuple[str, str], Rejects] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)
    least: int = 0  # requests that what was served takes at least
    resting: set[str] = field(default_factory=set)  # accounts with a stream that keeps failing
    _open: dict[tuple[str, str | None], _Noted] = field(default_factory=dict)

    def tally(self, stream: str) -> Tally:
        return self.streams.setdefault(stream, Tally())

    def counted(self, stream: str, piece: Batch) -> None:
        """Count a finished piece of a stream's work."""
        tally = self.tally(stream)
        tally.rows += max(piece.served, piece.data_rows())
        tally.changed += piece.data_rows()
        tally.rejected += piece.rejected()

    def error(
        self,
        batch: Batch,
        now: datetime,
        error: Exception,
        stream: str,
        account_id: str | None = None,
        item_id: str | None = None,
    ) -> None:
        """A failure: one row, one entry in the result."""
        facts = _facts(error)
        retry_at = getattr(error, "retry_at", None)
        batch.note(
            SYNC_ERRORS,
            now,
            *(stream, account_id, item_id),
            account_id=account_id,
            stream=stream,
            item_id=item_id,
            retry_at=retry_at,
            **facts,
        )
        self.errors.append(
            {
                "account_id": account_id,
                "stream": stream,
                "item_id": item_id,
                "code": facts["code"],
                "message": facts["message"],
                "retry_at": retry_at.isoformat() if retry_at else None,
            }
        )

    def skip(
        self,
        batch: Batch,
        now: datetime,
        stream: str,
        reason: str,
        message: str,
        account_id: str | None = None,
        remedy: str | None = None,
    ) -> None:
        """Something left out on purpose: one row, and one entry when it is a whole stream."""
        batch.note(
            SYNC_SKIPS,
            now,
            *(stream, account_id, reason),
            account_id=account_id,
            stream=stream,
            reason=reason,
            message=message,
            remedy=remedy,
        )
        if account_id is None:
            self.skipped.append({"stream": stream, "reason": reason, "message": message})

    def rests(self, stream: str, account_id: str) -> None:
        """Count a stream that was left out because it keeps failing."""
        self.tally(stream).accounts_skipped += 1
        self.resting.add(account_id)

    def complete(
        self,
        batch: Batch,
        now: datetime,
        stream: str,
        proof: Proof,
        equation: str,
        account_id: str | None = None,
    ) -> None:
        """Write what a reading of a stream proves; `equation` says what was compared with what."""
        before = self._open.get((stream, account_id))
        tally = self.tally(stream).completeness
        if before is not None:
            tally.subtract([before.proof.status])
        tally.update([proof.status])
        self._open[stream, account_id] = _Noted(proof, equation)
        batch.note(
            SYNC_COMPLETENESS,
            now,
            *(stream, account_id),
            account_id=account_id,
            stream=stream,
            expected=proof.expected,
            landed=proof.landed,
            rejected=proof.rejected,
            equation=equation,
            status=proof.status,
        )

    def close(
        self,
        batch: Batch,
        now: datetime,
        stream: str,
        account_id: str | None,
        outcome: Proof,
    ) -> None:
        """The stream of an account has been read: see to it that `sync_completeness` has a row of
        this reading, that it counts all that was rejected, and that nothing that failed is proven.
        `outcome` is what its tasks came to."""
        noted = self._open.get((stream, account_id))
        proof, equation = outcome, "each answer is whole"
        if outcome.status == "unproven":
            equation = "nothing says how many rows there are"
        if noted is not None:
            proof, equation = noted.proof.with_rejected(outcome.rejected), noted.equation
            if outcome.status == "failed":
                proof = outcome
        if noted is None or proof != noted.proof:
            self.complete(batch, now, stream, proof, equation, account_id)
        del self._open[stream, account_id]

    def collect_rejects(self, batch: Batch) -> None:
        """Add up what a finished batch brings to `sync_rejects`."""
        for row in batch.rows(SYNC_REJECTS):
            column = str(row["reason"]).partition(":")[0]
            place = (row["table_name"], column)
            fresh = Rejects(*place, row["reason"], row["account_id"])
            rejects = self.rejects.setdefault(place, fresh)
            rejects.rows += 1
            if rejects.account_id != row["account_id"]:
                rejects.account_id = None

    def status(
        self,
        batch: Batch,
        now: datetime,
        stream: str,
        account_id: str,
        status: str,
        before: Stored | None,
        *,
        rows: int = 0,
        cursor: str | None = None,
        error: Exception | None = None,
        broken: bool = False,
    ) -> None:
        """How an account's stream stands now; keeps what the last success left behind."""
        held = before.row if before else {}
        succeeded = status in ("ok", "no_data")
        answered = succeeded or status == "partial"
        failures = 0 if answered else (held.get("failures") or 0) + (status == "failed")
        facts = _facts(error) if error else {"code": None, "message": None, "remedy": None}
        batch.note(
            SYNC_ACCOUNT_STATUS,
            now,
            account_id=account_id,
            stream=stream,
            status=status,
            cursor=cursor or held.get("cursor"),
            last_attempt_at=now,
            last_success_at=now if succeeded else held.get("last_success_at"),
            rows=rows,
            failures=failures,
            error_code=facts["code"],
            error_message=" ".join(filter(None, (facts["message"], facts["remedy"]))) or None,
            next_retry_at=_retry_at(now, failures) if broken else None,
        )
        if status == "begun":
            return
        field_name = {"failed": "accounts_failed", "skipped": "accounts_skipped"}.get(status)
        tally = self.tally(stream)
        setattr(tally, field_name or "accounts_ok", getattr(tally, field_name or "accounts_ok") + 1)


def _retry_at(now: datetime, failures: int) -> datetime | None:
    """After the first failures at the next run; then in 1 hour, 2, 4 … 24."""
    if failures < _AGAIN_AND_AGAIN:
        return None
    doublings = min(failures - _AGAIN_AND_AGAIN, 5)
    return now + timedelta(hours=min(_RETRY_HOURS_MAX, 2**doublings))


def _facts(error: Exception) -> dict[str, Any]:
    if isinstance(error, ProviderError):
        return {
            "code": error.code,
            "status": error.status,
            "message": error.message,
            "remedy": error.remedy,
            "request_id": error.request_id,
        }
    return {
        "code": "bug",
        "status": None,
        "message": redact(f"{type(error).__name__}: {error}"),
        "remedy": "A bug of this project: report it with the account's rows in sync_rejects.",
        "request_id": None,
    }

"""What one reading of a stream proves. The only place that decides it.

A reading is proven when it came to its end, as many rows of it are in the table as the provider
counts, and none of its rows had to be rejected. Only a proven reading of everything says that what
it lacks is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..http.pagination import Listing

Status = Literal[
    "proven", "truncated_at_source", "moved_during_read", "unproven", "failed", "not_in_plan"
]

_MOST_SEVERE_FIRST: tuple[Status, ...] = (
    *("failed", "moved_during_read", "unproven", "truncated_at_source", "not_in_plan", "proven"),
)


@dataclass(frozen=True)
class Proof:
    """The outcome of a reading, as `sync_completeness` has it.

    `landed`: rows of the reading that are in the table; `expected`: rows that the provider counts,
    None where it does not say; `rejected`: rows that could not be read.
    """

    status: Status
    landed: int | None = None
    expected: int | None = None
    rejected: int = 0

    @property
    def complete(self) -> bool:
        """Whether a row that the reading lacks is not there."""
        return self.status == "proven"

    def with_rejected(self, rejected: int) -> Proof:
        """The same reading, of which so many rows turned out to be rejected."""
        status: Status = "unproven" if self.complete and rejected else self.status
        return Proof(status, self.landed, self.expected, rejected)

    def without(self, withheld: int) -> Proof:
        """The same reading without so many of its rows, which the privacy rules keep out."""
        expected = self.expected if self.expected is None else self.expected - withheld
        landed = self.landed if self.landed is None else self.landed - withheld
        return Proof(self.status, landed, expected, self.rejected)


NOT_IN_PLAN = Proof("not_in_plan")


def prove(
    landed: int,
    *,
    expected: int | None = None,
    rejected: int = 0,
    ended: bool = True,
    truncated: bool = False,
    counted: bool = True,
    lower_bound: bool = False,
) -> Proof:
    """Decide what a reading proves.

    Args:
        landed: rows of the reading that are in the table.
        expected: rows that the provider counts; None where it does not say.
        rejected: rows of the reading that could not be read.
        ended: whether the reading came to its end, with totals that did not change meanwhile.
        truncated: whether the provider is known to serve fewer rows than there are.
        counted: False where a total is stated and cannot be read, or where one is needed for the
            proof and nobody states it.
        lower_bound: whether more rows than `expected` are no contradiction.
    """
    found = landed + rejected
    matches = expected is None or found == expected or (lower_bound and found > expected)
    status: Status = "proven"
    if rejected or not counted:
        status = "unproven"
    if truncated:
        status = "truncated_at_source"
    elif not ended or not matches:
        status = "unproven" if expected is None else "moved_during_read"
    return Proof(status, landed, expected, rejected)


def prove_listing(
    listing: Listing, landed: int, rejected: int, *, lower_bound: bool = False, withheld: int = 0
) -> Proof:
    """What a listing proves, given how many of its rows are in the table and how many could not be
    read. `lower_bound`: more rows than the total are no contradiction. `withheld`: rows that the
    privacy rules keep out, which are not expected."""
    return prove(
        landed,
        expected=listing.total if listing.total is None else max(0, listing.total - withheld),
        rejected=rejected,
        ended=listing.ended,
        counted=not listing.total_unread,
        lower_bound=lower_bound,
    )


def together(proofs: Sequence[Proof]) -> Proof:
    """What several readings of one stream prove: their rows added up, and the most severe status.
    `expected` is None where one of them does not know it."""
    expected = [proof.expected for proof in proofs]
    statuses = {proof.status for proof in proofs}
    return Proof(
        next((status for status in _MOST_SEVERE_FIRST if status in statuses), "proven"),
        sum(proof.landed or 0 for proof in proofs),
        None if None in expected else sum(count or 0 for count in expected),
        sum(proof.rejected for proof in proofs),
    )

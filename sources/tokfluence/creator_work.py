"""One creator's posts in a run: what is due of them, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..extraction.proof import Proof
from ..extraction.work import Work
from ..landing.batch import Batch
from .known import Known
from .scope import Scope


@dataclass
class CreatorWork(Work):
    """`post_ids`: all posts of the creator that are followed. `paid`: a batch for rows that land
    though their piece did not come to its end."""

    scope: Scope
    known: Known = field(default_factory=Known)
    post_ids: list[str] = field(default_factory=list)
    paid: Callable[[], Batch] = field(kw_only=True)

    unreadable: int = 0  # posts of which the row had to be rejected
    proofs: list[Proof] = field(default_factory=list)  # what the walks over comments proved

    @property
    def creator(self) -> str:
        """The handle."""
        return self.account_id or ""

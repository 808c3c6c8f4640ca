"""One creator's posts in a run: what is due of them, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

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

    proofs: set[str] = field(default_factory=set)  # what the walks over comments proved
    comments_expected: int = 0
    comments_read: int = 0

    @property
    def creator(self) -> str:
        """The handle."""
        return self.account_id or ""

    def counted(self, status: str, expected: int | None, read: int) -> None:
        """The comments of one post were read."""
        self.proofs.add(status)
        self.comments_expected += expected or 0
        self.comments_read += read

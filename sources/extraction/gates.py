"""Streams that the key's plan does not include are not asked account by account."""

from __future__ import annotations

from dataclasses import dataclass, field

_ENOUGH_REFUSALS = 3


@dataclass
class Gate:
    """Open until the plan is known, or seen, to exclude the stream.

    A refusal speaks of the plan when nothing of the stream was granted in this run, and of the
    account when something was.
    """

    stream: str
    closed_because: str | None = None
    in_plan: bool = True
    granted: int = 0
    refused: set[str] = field(default_factory=set)

    def grant(self) -> None:
        self.granted += 1

    def refuse(self, account_id: str, message: str) -> bool:
        """Note a refusal; returns whether the stream is still worth asking of others."""
        self.refused.add(account_id)
        if not self.granted and len(self.refused) >= _ENOUGH_REFUSALS:
            self.closed_because, self.in_plan = message, False
        return self.open

    @property
    def open(self) -> bool:
        return self.closed_because is None

"""The marts after a sync: built where it brought something, and no reason for it to fail.

The lock is free in between. Where another run has taken it, that run's own transform or the next
one builds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .exits import Exit, Stop
from .ledger import RunResult
from .sync import SyncRequest
from .transform import TransformRequest, TransformResult, transform


@dataclass(frozen=True)
class Marts:
    """What became of them; `why`: they were not built. Neither where they were not asked for."""

    built: TransformResult | None = None
    why: Stop | None = None

    def exit_code(self, of_sync: Exit) -> Exit:
        """The sync's own, which speaks of what was asked and loaded; where that is 0, a bug of the
        marts counts. A finding of their tests is said, and is `social transform`'s exit 8."""
        if of_sync is not Exit.OK:
            return of_sync
        found = self.why.code if self.why else self.built.exit_code if self.built else Exit.OK
        return found if found is Exit.BUG else Exit.OK

    def as_json(self) -> dict[str, Any] | None:
        if self.why:
            return {"exit_code": int(self.why.code), "not_built": self.why.message}
        return self.built.as_json() if self.built else None

    def last_words(self) -> str:
        """To be said after the sync's own last line; nothing where nothing was to be built."""
        if self.why:
            later = "the next sync or `social transform` builds them"
            return f"The marts were not built, {later}: {self.why.message}. {self.why.remedy}"
        return self.built.last_line() if self.built and not self.built.unchanged else ""


def marts_after(request: SyncRequest, result: RunResult) -> Marts:
    """Build them, unless a signal or the warehouse itself ended the sync. Workers never do: eight
    would build the same marts eight times."""
    if request.shard or result.signal_exit or result.failure:
        return Marts()
    wanted = TransformRequest(request.target, wait_seconds=request.wait_seconds, only_if_due=True)
    try:
        return Marts(transform(wanted))
    except Stop as stop:
        return Marts(why=stop)
    except Exception as error:  # the sync's own result is still to be told
        remedy = "`social transform -v` tells more."
        return Marts(why=Stop(Exit.BUG, f"a bug: {type(error).__name__}: {error}", remedy))

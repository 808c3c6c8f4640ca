"""What every piece of a run's work may know of the run: key, options, gates, notes, clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from ..http.client import Connection
from ..http.errors import NotInPlan
from ..landing.batch import Batch
from ..landing.privacy import KEEP_ALL, Privacy
from .gates import Gate
from .notes import Notes
from .proof import NOT_IN_PLAN
from .shards import Shard


@dataclass
class Scope:
    """One run with one key; a provider's own Scope names its streams and options.

    `not_included`: streams that an access level is documented not to see. `full_refresh`: marks and
    cursors are not believed. `privacy`: what may not be stored. `shard`: one worker of several,
    with a part of the accounts.
    """

    every_stream: ClassVar[Iterable[str]]
    not_included: ClassVar[Mapping[str, Iterable[str]]] = {}

    page_sizes: ClassVar[Mapping[str, int]] = {}  # rows that a request brings at most, by stream

    connection: Connection
    run_id: str
    tenant: str = "default"
    options: Any = None
    streams: frozenset[str] = frozenset()
    only_accounts: frozenset[str] | None = None
    shard: Shard | None = None
    full_refresh: bool = False
    privacy: Privacy = KEEP_ALL
    notes: Notes = field(default_factory=Notes)
    gates: dict[str, Gate] = field(default_factory=dict)
    access_level: str | None = None
    workspace_accounts: frozenset[str] | None = None  # of the workspace, where one is configured

    def now(self) -> datetime:
        """Now, on the provider's clock (UTC)."""
        return self.connection.clock.now()

    def open_gates(self, access_level: str | None, batch: Batch) -> None:
        """Note what the key may see; close the streams that are not selected or not in the plan."""
        self.access_level = access_level
        for stream in self.every_stream:
            gate = self.gates[stream] = Gate(stream)
            if stream not in self.streams:
                gate.closed_because = "not selected"
            elif stream in self.not_included.get(access_level or "", ()):
                gate.closed_because = f"access level {access_level} does not include it"
                gate.in_plan = False
                self.note_not_in_plan(stream, batch)
                self.notes.skip(
                    batch,
                    self.now(),
                    stream,
                    NotInPlan.code,
                    gate.closed_because,
                    remedy=NotInPlan.remedy,
                )

    def refused(
        self, stream: str, account_id: str | None, refusal: NotInPlan, batch: Batch
    ) -> None:
        """Note that the plan, or this account, excludes a stream; enough of it closes the gate."""
        now, words = self.now(), (type(refusal).code, refusal.message)
        self.notes.skip(batch, now, stream, *words, account_id, refusal.remedy)
        gate = self.gates[stream]
        if account_id and gate.open and not gate.refuse(account_id, refusal.message):
            self.notes.skip(batch, now, stream, *words, remedy=refusal.remedy)
            self.note_not_in_plan(stream, batch)
        elif account_id is None:
            self.note_not_in_plan(stream, batch)

    def note_not_in_plan(self, stream: str, batch: Batch) -> None:
        """Nothing is proven of a stream that was not asked."""
        equation = "the plan does not include it"
        self.notes.complete(batch, self.now(), stream, NOT_IN_PLAN, equation)

    def asks(self, stream: str) -> bool:
        """Whether the stream is selected and, as far as known, in the plan."""
        return self.gates[stream].open

    def in_plan(self, stream: str) -> bool:
        """Whether the plan, as far as known, includes the stream, selected or not."""
        return self.gates[stream].in_plan

    def forgotten(self, account_ids: Iterable[str]) -> int:
        """How many of these accounts must not be stored."""
        return sum(map(self.privacy.forgets_account, account_ids))

    def chooses(self, account_id: str) -> bool:
        """Whether this run is about the account."""
        named = self.only_accounts is None or account_id in self.only_accounts
        if self.privacy.forgets_account(account_id):
            return False
        return named and (self.shard is None or self.shard.mine(account_id))

    def holds(self, account_id: str | None) -> bool:
        """Whether an account is the key's: of its workspace, where one is configured."""
        return self.workspace_accounts is None or account_id in self.workspace_accounts

    @property
    def leads(self) -> bool:
        """Whether this run also does what is about the whole portfolio and not one account."""
        return self.shard is None or self.shard.leads

    def misfits(self) -> list[dict[str, Any]]:
        """A stream refused to some accounts and granted to others: that is their trouble."""
        return [
            {
                "account_id": account_id,
                "stream": gate.stream,
                "item_id": None,
                "code": NotInPlan.code,
                "message": f"{gate.stream} is refused for this account and granted for others",
                "retry_at": None,
            }
            for gate in self.gates.values()
            if gate.granted
            for account_id in sorted(gate.refused)
        ]

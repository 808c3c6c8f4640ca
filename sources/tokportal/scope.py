"""What every piece of a run's work may know of the run: key, options, gates, notes, clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..extraction.gates import Gate
from ..extraction.notes import Notes
from ..http.client import Connection
from ..http.errors import NotInPlan
from ..landing.batch import Batch
from .options import Options
from .tables import STREAMS

ACCOUNT_STREAMS = (
    "drilldown",
    "daily_series",
    "series_points",
    "account_raw_snapshots",
    "post_raw_snapshots",
    "comments",
)
# Documented per level (developers.tokportal.com/analytics); a level not named here is asked.
_FULL_ONLY = (
    "account_raw_snapshots",
    "post_raw_snapshots",
    "comments",
    "comment_pulse_snapshots",
)
NOT_INCLUDED: Mapping[str, tuple[str, ...]] = {
    "starter": (*_FULL_ONLY, "daily_series", "series_points", "video_export"),
    "creator": _FULL_ONLY,
}


@dataclass
class Scope:
    """One run with one key. `full_refresh`: marks and cursors are not believed."""

    connection: Connection
    run_id: str
    tenant: str = "default"
    options: Options = field(default_factory=Options)
    streams: frozenset[str] = frozenset(STREAMS)
    only_accounts: frozenset[str] | None = None
    full_refresh: bool = False
    notes: Notes = field(default_factory=Notes)
    gates: dict[str, Gate] = field(default_factory=dict)
    access_level: str | None = None

    def now(self) -> datetime:
        """Now, on the provider's clock (UTC)."""
        return self.connection.clock.now()

    @property
    def start(self) -> datetime:
        """The first moment of interest."""
        day = self.options.start_date
        return datetime(day.year, day.month, day.day, tzinfo=UTC)

    def open_gates(self, access_level: str | None, batch: Batch) -> None:
        """Note what the key may see; close the streams that are not selected or not in the plan."""
        self.access_level = access_level
        for stream in STREAMS:
            gate = self.gates[stream] = Gate(stream)
            if stream not in self.streams:
                gate.closed_because = "not selected"
            elif stream in NOT_INCLUDED.get(access_level or "", ()):
                gate.closed_because = f"access level {access_level} does not include it"
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

    @property
    def sees_everything(self) -> bool:
        """At the full level nothing is redacted: null means "not measured"."""
        return self.access_level == "full"

    def asks(self, stream: str) -> bool:
        """Whether the stream is selected and, as far as known, in the plan."""
        return self.gates[stream].open

    @property
    def shows_all_posts(self) -> bool:
        """Starter has "limited post visibility": what it does not list is not gone."""
        return self.access_level != "starter"

    @property
    def asks_drilldown(self) -> bool:
        """The drilldown is read even when it is not selected: it tells which posts moved."""
        gate = self.gates["drilldown"]
        return gate.open or "drilldown" not in self.streams

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

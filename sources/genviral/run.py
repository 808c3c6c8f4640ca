"""One key's walk over its Genviral targets: the listing, then what is due of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..extraction.run import Cursors, Run
from ..extraction.work import Work
from ..http.client import HttpClient
from ..landing.batch import Batch
from ..landing.rows import first
from .client import GenviralClient
from .owner import begin_owner_work
from .portfolio import Targets, are_few, read_targets
from .scope import Scope
from .tables import TABLES
from .target import plan, settle
from .target_work import TargetWork
from .totals import has_totals, refreshed_at


@dataclass
class GenviralRun(Run):
    """What is kept over the batches besides: the targets as listed."""

    tables = TABLES

    scope: Scope
    targets: Targets = field(default_factory=Targets)

    def client(self, http: HttpClient) -> GenviralClient:
        return GenviralClient(http)

    async def index(self, client: GenviralClient, batch: Batch, cursors: Cursors) -> Iterable[str]:
        self.scope.open_gates(None, batch)
        self.targets = await read_targets(client, self.scope, batch, self.lookup, cursors)
        self.targets.reads_all = are_few(self.targets, self.scope, cursors)
        return self.in_turn(self.targets.rows)

    def begin(self, account_id: str, cursors: dict[str, Any]) -> Work:
        work = target_work(account_id, self.targets, self.scope, cursors)
        plan(work)
        return work

    def begin_owner(self, cursors: Cursors) -> Work | None:
        return begin_owner_work(self.scope, cursors) if self.scope.leads else None


def target_work(
    target_id: str, targets: Targets, scope: Scope, cursors: dict[str, Any]
) -> TargetWork:
    """What is known of one target before anything of it is asked."""
    listed = targets.rows[target_id]
    return TargetWork(
        account_id=target_id,
        scope=scope,
        cursors=cursors,
        finish=settle,
        listed=listed,
        platform=first(listed, "platform"),
        owners=targets.owners,
        refreshed_at=refreshed_at(listed),
        totals_listed=has_totals(listed),
        reads_all=targets.reads_all,
    )

"""One key's walk over its TokPortal portfolio: the listing, then each account's drilldown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ..extraction.removal import mark_removed_accounts
from ..extraction.run import Cursors, Run
from ..extraction.work import Piece, Work
from ..http.client import HttpClient
from ..http.errors import Fatal, ProviderError
from ..landing.batch import Batch
from .account import read_drilldown
from .account_work import AccountWork
from .client import TokPortalClient
from .costs import drilldown_cost
from .owner import begin_owner_work
from .portfolio import Portfolio, read_portfolio
from .scope import Scope
from .settle import settle
from .tables import ACCOUNTS, TABLES


@dataclass
class TokPortalRun(Run):
    """What is kept over the batches besides: the rows of the index pass."""

    tables = TABLES

    scope: Scope
    portfolio: Portfolio = field(default_factory=Portfolio)

    def client(self, http: HttpClient) -> TokPortalClient:
        return TokPortalClient(http)

    async def index(self, client: TokPortalClient, batch: Batch, cursors: Cursors) -> Iterable[str]:
        scope, held = self.scope, self.lookup(self.scope.tenant, [])
        # Rows about the whole portfolio are written by one shard: two would collide on their keys.
        whole = batch if scope.leads else batch.piece()
        try:
            self.portfolio = await read_portfolio(client, whole, scope, held)
        except Fatal:
            raise
        except ProviderError as error:
            scope.notes.error(batch, scope.now(), error, "accounts")
        scope.open_gates(self.portfolio.access_level, batch)
        if scope.only_accounts is None and self.portfolio.proof.complete:
            mark_removed_accounts(
                scope, ACCOUNTS, self.portfolio.accounts, batch, self.lookup, cursors
            )
        return self.in_turn(self.portfolio.accounts)

    def begin(self, account_id: str, cursors: dict[str, Any]) -> Work:
        work = AccountWork(
            account_id=account_id,
            listed=self.portfolio.accounts[account_id],
            dashboard=self.portfolio.dashboard.get(account_id),
            scope=self.scope,
            cursors=cursors,
            finish=settle,
        )
        # It may have been answered by the older endpoints, so its success proves nothing.
        do, cost = partial(read_drilldown, work), drilldown_cost(work)
        work.pieces.append(Piece("drilldown", work, do, proves=False, cost=cost, tells=True))
        return work

    def begin_owner(self, cursors: Cursors) -> Work | None:
        return begin_owner_work(self.scope, cursors) if self.scope.leads else None

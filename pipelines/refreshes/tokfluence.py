"""Tokfluence: a fresh analysis of posts, 25 credits each, also for what it finds fresh.

Which posts, and whose key pays, is known before anything is sent; nothing leaves beyond the budget.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from sources.http.budget import Budget
from sources.http.client import HttpClient, Timeouts
from sources.tokfluence.addresses import cleaned
from sources.tokfluence.options import Options
from sources.tokfluence.tables import MISSING_POSTS, POST_MARKS

from ..destinations import Warehouse, destination
from ..lock import Holder, Patience
from ..refresh_plan import Refresh, RefreshResult
from ..refresh_request import RefreshRequest
from ..schema import declared
from ..settings import ProviderSettings
from .tokfluence_ledger import OrderLedger
from .tokfluence_orders import Orders
from .tokfluence_posts import Catalogue, Post, named, trouble_of
from .tokfluence_rows import Plan, PostRefresh

TAKES = frozenset({"posts", "missing", "force"})
_SCHEMA = "tokfluence"
# Several seconds per address are documented, and fifty may be in one order.
TIMEOUTS = Timeouts(read=300.0, request=320.0)


def begin(
    request: RefreshRequest, settings: ProviderSettings, clients: Mapping[str, HttpClient]
) -> TokfluenceRefresh:
    budget = Budget(max_credits=request.max_credits)
    keys = {}
    for tenant, http in clients.items():
        options = Options(**settings.options | settings.key_options.get(tenant, {}))
        keys[tenant] = Orders(http, options, budget, request)
    return TokfluenceRefresh(request, keys)


class TokfluenceRefresh(Refresh):
    """The posts of all keys."""

    things = "posts"
    first_pause, longest_pause = 10.0, 120.0  # a look costs a credit for each post

    def __init__(self, request: RefreshRequest, keys: Mapping[str, Orders]) -> None:
        self._request, self._keys = request, keys
        self._rows: list[PostRefresh] = []

    @property
    def rows(self) -> Sequence[PostRefresh]:
        return self._rows

    @property
    def awaited(self) -> list[PostRefresh]:
        """None any more of a key that has no credits left for a look."""
        return [row for row in self._rows if row.pending and self._key_of(row).can_look]

    @contextmanager
    def prepared(self) -> Iterator[None]:
        """The lock: a sync in between would remember for days what is about to change."""
        place = destination(self._request.target)
        if not place.exists():
            self._warehouse: Warehouse | None = None
            yield
            return
        with place.writing(Holder(), Patience(self._request.wait_seconds)) as warehouse:
            self._warehouse = warehouse
            yield

    async def ask(self) -> None:
        for key in self._keys.values():
            await key.ask()
        self._rows = list(self._chosen())
        for row in self._rows:
            if row.outcome == "new" and (fatal := self._key_of(row).fatal):
                row.end("not_asked", fatal.message)
        left = {tenant: key.left for tenant, key in self._keys.items()}
        watched = self._request.wait_seconds > 0
        self._plan = Plan(self._rows, left, self._request.max_credits, watched)

    def _chosen(self) -> Iterator[PostRefresh]:
        if self._request.posts:
            return self._named()
        if self._request.missing:
            return map(
                self._row, self._catalogue().chosen(lambda post: post.missing and post.followed)
            )
        if self._request.everything:
            return map(self._row, self._catalogue().chosen(lambda post: post.followed))
        return self._of_accounts()

    def _of_accounts(self) -> Iterator[PostRefresh]:
        handles = {cleaned(name): name for name in self._request.accounts}
        posts = self._catalogue().chosen(lambda post: post.followed and post.handle in handles)
        yield from map(self._row, posts)
        for handle in handles.keys() - {post.handle for post in posts}:
            yield PostRefresh(
                handles[handle], outcome="refused", message="no post of this handle is followed"
            )

    def _named(self) -> Iterator[PostRefresh]:
        found = list(named(self._request.posts))
        ids = frozenset(post.post_id for _, post in found if isinstance(post, Post))
        known = self._catalogue(ids).posts
        for text, post in found:
            if isinstance(post, str):
                yield PostRefresh(text, outcome="refused", message=post)
                continue
            told = known.get(post.post_id, post)
            told.url = post.url or told.url
            yield self._row(told)

    def _catalogue(self, only: frozenset[str] | None = None) -> Catalogue:
        options = {tenant: key.options for tenant, key in self._keys.items()}
        return Catalogue(options, self._warehouse, only).read()

    def _row(self, post: Post) -> PostRefresh:
        tenant = post.tenant if post.tenant in self._keys else None
        row = PostRefresh.of(post, tenant or next(iter(self._keys)))
        if why := trouble_of(post):
            row.end("refused", why)
        return row

    def _key_of(self, row: PostRefresh) -> Orders:
        return self._keys[row.tenant or next(iter(self._keys))]

    def sentence(self) -> str:
        return self._plan.sentence()

    async def send(self) -> None:
        if not self._plan.ready:
            return
        with self._opened() as warehouse:
            self._warehouse = warehouse
            warehouse.prepare(_SCHEMA, declared()[_SCHEMA])
            for tenant, key in self._keys.items():
                mine = [row for row in self._plan.ready if row.tenant == tenant]
                await key.send(mine, OrderLedger(warehouse, tenant), self._forget)

    @contextmanager
    def _opened(self) -> Iterator[Warehouse]:
        """The warehouse, which is made where there is none: it keeps what was paid for."""
        if self._warehouse is not None:
            yield self._warehouse
            return
        place = destination(self._request.target)
        with place.writing(Holder(), Patience(self._request.wait_seconds)) as warehouse:
            yield warehouse
        self._warehouse = None

    def _forget(self, rows: Sequence[PostRefresh]) -> None:
        """What was read before, or was missing, is due again: the next sync brings the new
        figures. The rest of a mark stays, so that no comment is paid for twice."""
        if self._warehouse is None or not rows:
            return
        there = self._warehouse.tables(_SCHEMA)
        for table, column in ((MISSING_POSTS.name, "retry_after"), (POST_MARKS.name, "read_at")):
            if table not in there:
                continue
            sql = f'update "{_SCHEMA}"."{table}" set {column} = null'
            with self._warehouse.transaction() as execute:
                for row in rows:
                    execute(f"{sql} where tenant = ? and post_id = ?", [row.tenant, row.name])

    async def look(self) -> None:
        await asyncio.gather(*(self._key_of(row).look(row) for row in self.awaited))

    def result(self) -> RefreshResult:
        fatal = [key.fatal for key in self._keys.values() if key.fatal]
        facts = {
            "credits_used": sum(key.credits for key in self._keys.values()),
            "credits_left_before": {tenant: key.left for tenant, key in self._keys.items()},
        }
        return RefreshResult(
            "tokfluence",
            self.things,
            self._rows,
            fatal,
            facts,
            "social sync -s tokfluence",
            flag=f"--max-credits {self._plan.price_of_all}",
        )

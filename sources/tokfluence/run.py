"""One key's walk over the posts that are followed: campaigns first, then creator by creator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ..extraction.plan import Cost, pages
from ..extraction.run import Cursors, Run
from ..extraction.work import Piece, Work
from ..http.client import HttpClient
from ..http.errors import Fatal, NotFound, TryLater
from ..landing.batch import Batch
from ..landing.held import Held
from .client import (
    CAMPAIGNS_INFLUENCERS,
    CAMPAIGNS_METRICS,
    CAMPAIGNS_POSTS,
    CAMPAIGNS_SHOW,
    CREATORS_SHOW,
    LIMIT,
    OPERATIONS,
    POST_NOT_FOUND,
    POSTS_COMMENTS,
    POSTS_SHOW,
    TokfluenceClient,
)
from .comments import read_comments
from .creator_work import CreatorWork
from .index import Index
from .known import Known, read_known
from .options import names_anything
from .plan import Due, make_plan
from .posts import PostReader
from .scope import Scope
from .settle import retire, settle
from .tables import CREDIT_LEDGER, TABLES

_A_POST = Cost(credits=POSTS_SHOW.price)
_COMMENTS = Cost(credits=POSTS_COMMENTS.price, estimated=True)  # of its first page
_COMMENTED = 0.1  # of posts that are read again; in the sandbox's world 0.1 to 0.15
_COMMENTS_AGAIN = Cost(_COMMENTED, 0, _COMMENTED * POSTS_COMMENTS.price, estimated=True)
_NAME = "Name what to follow under [sources.tokfluence] in .dlt/config.toml."


@dataclass
class TokfluenceRun(Run):
    """What is kept over the batches besides: what is known of each post, and what is due."""

    tables = TABLES

    scope: Scope
    known: Known = field(default_factory=Known)
    due: Due = field(default_factory=Due)
    index_left: int = 0
    _paid: list[Batch] = field(default_factory=list)

    def __post_init__(self) -> None:
        wallet, options = self.scope.connection.wallet, self.scope.options
        wallet.floor, wallet.limit = options.credits_floor, options.max_credits

    def client(self, http: HttpClient) -> TokfluenceClient:
        return TokfluenceClient(http)

    async def index(
        self, client: TokfluenceClient, batch: Batch, cursors: Cursors
    ) -> Iterable[str]:
        scope = self.scope
        if not await self._opened(client, batch):
            return []
        index = Index(scope, self.known, self.lookup, batch, cursors)
        try:
            await index.read(client)
        finally:
            self.index_left = index.left
        self.due = make_plan(scope, self.known, index.in_campaigns, self.elsewhere, batch)
        retire(scope, self.due.posts, batch, self.lookup(scope.tenant, []))
        if not names_anything(scope.options):
            words = "no post, campaign or creator is named, and posts_from is empty"
            scope.notes.skip(batch, scope.now(), "posts", "nothing_named", words, remedy=_NAME)
        return list(self.due.posts)

    async def _opened(self, client: TokfluenceClient, batch: Batch) -> bool:
        """Gates, the provider's time and what earlier runs left; False where another worker of
        several reads the posts."""
        self.scope.open_gates(None, batch)
        if self.scope.leads:
            await client.ask_time()
            self.known = read_known(self.lookup(self.scope.tenant, []), self.scope, batch)
        return self.scope.leads

    async def look(self, client: TokfluenceClient, batch: Batch, cursors: Cursors) -> Iterable[str]:
        """Without a request that costs: campaigns and profiles are counted and not read."""
        scope = self.scope
        if not await self._opened(client, batch):
            return []
        index = Index(scope, self.known, self.lookup, batch, cursors)
        campaigns, profiles = index.due()
        self._expect_index(campaigns, profiles)
        index.remember(campaigns)
        self.due = make_plan(scope, self.known, index.in_campaigns, self.elsewhere, batch)
        return list(self.due.posts)

    def _expect_index(self, campaigns: Sequence[str], profiles: Sequence[str]) -> None:
        """A campaign is its row, figures, influencers and a page of posts at least."""
        parts = (CAMPAIGNS_SHOW, CAMPAIGNS_METRICS, CAMPAIGNS_POSTS, CAMPAIGNS_INFLUENCERS)
        a_campaign = sum(part.price for part in parts)
        for _ in campaigns:
            self.plan.add("campaigns", Cost(len(parts), 1, a_campaign, estimated=True))
        for _ in profiles:
            self.plan.add("creators", Cost(credits=CREATORS_SHOW.price))

    def afterwards(self, work: Work) -> Iterable[tuple[str, Cost]]:
        """Comments: of a post that was never read all, of others where the counter has moved."""
        for piece in work.pieces:
            if piece.stream == "posts":
                known = self.known.marks.get(piece.item_id or "")
                first_time = known is None or known.read_at is None
                if not first_time:
                    yield "comments", _COMMENTS_AGAIN
                elif counted := self.due.comments.get(piece.item_id or "", 1):
                    asked = pages(counted, LIMIT)
                    price = asked * POSTS_COMMENTS.price
                    yield "comments", Cost(asked, 0, price, estimated=True)

    def begin(self, account_id: str, cursors: dict[str, Any]) -> Work:
        work = CreatorWork(
            account_id=account_id,
            scope=self.scope,
            cursors=cursors,
            finish=settle,
            known=self.known,
            post_ids=self.due.posts[account_id],
            paid=self._one_more_paid,
        )
        due = self.due.due.get(account_id, [])
        if self.scope.asks("posts") or self.scope.asks("comments"):
            # Comments alone need the counter; what was paid for it lands.
            work.pieces.extend(
                Piece("posts", work, partial(_read_post, work, post_id), post_id, cost=_A_POST)
                for post_id in due
            )
        for post_id in work.post_ids:
            mark = self.known.marks.get(post_id)
            if mark and mark.wants_comments and post_id not in due:
                work.add("comments", partial(read_comments, work, post_id), post_id, cost=_COMMENTS)
        return work

    async def extract(self, cursors: Cursors) -> Batch:
        """The next batch; with the last one, how far the run came and what it cost."""
        batch = await super().extract(cursors)
        while self._paid:
            batch.take(self._paid.pop())
        if self.fatal is not None:
            if isinstance(self.fatal, TryLater):
                self.fatal.message = "; ".join([self.fatal.message, *self._left()])
            self.scope.notes.error(batch, self.scope.now(), self.fatal, "posts")
        _put_ledger(self.scope, batch)
        return batch

    def end(self, error: Fatal, batch: Batch) -> None:
        """Told by `extract`, when requests under way have ended and what is left is known."""
        self.fatal = self.fatal or error

    def _left(self) -> Iterable[str]:
        """What this run could not do any more, in the words of the last line."""
        if not self.indexed:
            yield f"{self.index_left} campaigns and profiles are still to be read, then all posts"
            return
        pieces = [piece.stream for work in self.begun for piece in work.pieces]
        left = pieces.count("posts") + self.due.due_of(self.waiting)
        yield f"{left} of {self.due.due_total} due posts are still to be read"
        if comments := pieces.count("comments"):
            yield f"and the comments of {comments}"

    def _one_more_paid(self) -> Batch:
        """A batch for rows that land though their piece broke off."""
        self._paid.append(
            Batch(self.scope.tenant, self.scope.run_id, self.tables, self.scope.privacy)
        )
        return self._paid[-1]


async def _read_post(
    work: CreatorWork, post_id: str, client: TokfluenceClient, rows: Batch, held: Held
) -> None:
    """A post's figures; its comments are planned when their counter moved."""
    rows.served = 1
    try:
        raw = await client.get_post(post_id)
    except NotFound as error:
        if error.code != POST_NOT_FOUND:
            raise
        work.known.not_there(post_id, work.creator, rows, work.scope)
        return
    mark = PostReader(work.scope, work.known, rows, held).put(post_id, raw, work.creator)
    work.unreadable += mark is None
    if mark and mark.wants_comments:
        work.add("comments", partial(read_comments, work, post_id), post_id, cost=_COMMENTS)


def _put_ledger(scope: Scope, batch: Batch) -> None:
    """What the run cost so far; the last batch has the whole."""
    wallet = scope.connection.wallet
    for endpoint, calls in wallet.calls.items():
        batch.note(
            CREDIT_LEDGER,
            scope.now(),
            operation=OPERATIONS.get(endpoint, endpoint),
            calls=calls,
            credits=wallet.spent[endpoint],
            balance_before=wallet.opening,
            balance_after=wallet.balance,
        )

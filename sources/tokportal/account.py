"""One account: what to ask for it, in pieces, and what it comes to when all pieces are done."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from ..http.errors import NotInPlan, ProviderError, Skippable
from ..landing.batch import Batch
from ..landing.days import gaps, iso
from ..landing.held import Held
from ..landing.rows import identifier
from . import histories
from .client import POST_ID, TokPortalClient
from .drilldown import Drilldown, DrilldownReader, SeenPost, stated_posts
from .marks import RawMark, comments_due
from .series import series_to_ask
from .tables import POST_MARKS

if TYPE_CHECKING:
    from .run import TokPortalRun

Row = dict[str, Any]
Do = Callable[[TokPortalClient, Batch, Held], Awaitable[None]]


class WrongAccount(Skippable):
    """The provider answered for another account than the one asked."""

    code = "wrong_account"
    remedy = "Nothing of the answer was stored. If it stays, report it to the provider."


@dataclass(frozen=True)
class Piece:
    """A piece of work of one stream; `item_id` names the post when it is about one."""

    stream: str
    work: AccountWork
    do: Do
    item_id: str | None = None


@dataclass
class Outcome:
    """How a stream of the account went, over its pieces."""

    rows: int = 0
    pieces: int = 0
    truncated: int = 0
    failures: list[Exception] = field(default_factory=list)
    refusal: ProviderError | None = None
    absence: ProviderError | None = None


@dataclass
class PostWork:
    """A post with something to ask: its mark is shared by its pieces and grows with each."""

    seen: SeenPost
    mark: Row

    @property
    def raw(self) -> RawMark:
        names = ("observed_at", "raw_through", "raw_per_day", "unseen_since")
        return RawMark(**{name: self.mark[name] for name in names})

    @raw.setter
    def raw(self, mark: RawMark) -> None:
        self.mark |= vars(mark)


@dataclass
class AccountWork:
    """`cursors` are the account's own, by stream; they move in `settle`, never before."""

    account_id: str
    listed: Row
    dashboard: Row | None
    run: TokPortalRun
    cursors: dict[str, Any]
    running: int = 0
    pieces: deque[Piece] = field(default_factory=deque)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    drilldown: Drilldown | None = None
    raw_mark: RawMark | None = None
    from_series: list[str] = field(default_factory=list)
    stored_since: datetime | None = None  # the oldest snapshot that new raw rows may touch

    def now(self) -> datetime:
        return self.run.connection.clock.now()

    # ---- pieces

    async def read_drilldown(self, client: TokPortalClient, rows: Batch, held: Held) -> None:
        """The account's header, totals, posts, series and audience; then what else is due."""
        body = await client.get_account_analytics(self.account_id)
        target = rows if "drilldown" in self.run.streams else rows.piece()
        reader = DrilldownReader(self.account_id, target, held, self.now())
        header = body.get("account")
        if not reader.belongs(header):
            raise WrongAccount(f"asked for {self.account_id}, got another account's drilldown")
        posts, complete = await self._all_posts(client, body, held)
        reader.account(self.listed, self.dashboard, header)
        reader.latest(body)
        reader.post_rows(posts, complete=complete)
        reader.series(body.get("daily_series"))
        reader.demographics(body)
        self.drilldown = reader.result
        self._prove_drilldown(rows, stated_posts(body, self.dashboard), complete)
        self._plan_account_raw()
        self._plan_series()
        self._plan_posts(rows, held)

    async def _all_posts(
        self, client: TokPortalClient, body: Row, held: Held
    ) -> tuple[list[Any], bool]:
        """The drilldown's posts, completed from the video list when they may be capped."""
        posts = body.get("posts")
        posts = posts if isinstance(posts, list) else []
        stated = stated_posts(body, self.dashboard)
        if not histories.may_be_capped(self, posts, stated, held):
            return posts, True
        try:
            listing = await client.list_videos(self.account_id)
        except NotInPlan:
            return posts, False
        listed = {identifier(post, *POST_ID) for post in posts}
        more = [row for post_id, row in listing.rows.items() if post_id not in listed]
        self.cursors["listing"] = {"stated": stated, "found": len(posts) + len(more)}
        return [*posts, *more, *listing.nameless], listing.complete

    def _plan_account_raw(self) -> None:
        assert self.drilldown is not None
        mark = histories.account_mark(self.cursors.get("account_raw_snapshots"))
        observed = self.drilldown.observed_at
        self.raw_mark = mark.met(observed)
        due = self.raw_mark.due(observed, self.now(), self.run.options.raw_max_lag_days)
        if due and self.run.asks("account_raw_snapshots"):
            do = partial(histories.read_account_raw, self)
            self.pieces.append(Piece("account_raw_snapshots", self, do))

    def _plan_series(self) -> None:
        assert self.drilldown is not None
        if self.run.asks("daily_series") and (wanted := series_to_ask(self, self.drilldown)):
            do = partial(histories.read_series, self, wanted)
            self.pieces.append(Piece("daily_series", self, do))

    def _plan_posts(self, rows: Batch, held: Held) -> None:
        assert self.drilldown is not None
        marks = {} if self.run.full_refresh else held.of(POST_MARKS, self.account_id)
        throughs = []
        for seen in self.drilldown.posts:
            stored = marks.get((seen.tracked_post_id,))
            known = stored.row if stored and stored.completed else None
            post = self._plan_post(seen, known, rows)
            if seen.stored:
                throughs.append(post.raw.raw_through)
        self.stored_since = min(t for t in throughs if t) if throughs and all(throughs) else None

    def _plan_post(self, seen: SeenPost, known: Row | None, rows: Batch) -> PostWork:
        post = PostWork(seen, known or self._new_mark(seen, rows))
        lag, post_id = self.run.options.raw_max_lag_days, seen.tracked_post_id
        before, met = post.raw, post.raw.met(seen.observed_at)
        post.raw = met
        if met.due(seen.observed_at, self.now(), lag) and self.run.asks("post_raw_snapshots"):
            do = partial(histories.read_post_raw, self, post)
            self.pieces.append(Piece("post_raw_snapshots", self, do, post_id))
        elif met != before:
            rows.put(POST_MARKS, post.mark | {"fetched_at": self.now()})
        if comments_due(known, seen.observed_at, seen.comment_count) and self.run.asks("comments"):
            do = partial(histories.read_comments, self, post)
            self.pieces.append(Piece("comments", self, do, post_id))
        return post

    def _new_mark(self, seen: SeenPost, rows: Batch) -> Row:
        mark = dict.fromkeys(column.name for column in POST_MARKS.all_columns)
        named = {"tracked_post_id": seen.tracked_post_id, "account_id": self.account_id}
        return mark | named | {"tenant": rows.tenant}

    def _prove_drilldown(self, rows: Batch, stated: int | None, complete: bool) -> None:
        assert self.drilldown is not None
        landed = self.drilldown.listed
        agrees = stated is not None and landed >= stated
        status = (
            "proven" if complete and agrees else "moved_during_read" if complete else "unproven"
        )
        if complete and stated is None:
            status = "unproven"
        self.run.notes.complete(
            rows,
            self.now(),
            "drilldown",
            status,
            "posts listed = posts the provider counts",
            self.account_id,
            expected=stated,
            landed=landed,
        )
        missing = gaps(self.drilldown.series_days)
        self.run.notes.complete(
            rows,
            self.now(),
            "daily_series",
            "unproven" if missing else "proven",
            "every day between the first and the last",
            self.account_id,
            expected=len(self.drilldown.series_days) + missing,
            landed=len(self.drilldown.series_days),
        )

    # ---- what became of them

    def _outcome(self, stream: str) -> Outcome:
        return self.outcomes.setdefault(stream, Outcome())

    def succeeded(self, piece: Piece, rows: Batch) -> None:
        outcome = self._outcome(piece.stream)
        outcome.pieces += 1
        outcome.rows += rows.data_rows()

    def failed(self, piece: Piece, error: Exception) -> None:
        self._outcome(piece.stream).failures.append(error)

    def refused(self, piece: Piece, error: ProviderError, batch: Batch) -> None:
        """Not in the plan, or not for this account: the run decides when it has seen the others."""
        self._outcome(piece.stream).refusal = error
        self.pieces = deque(p for p in self.pieces if p.stream != piece.stream)
        self.run.notes.skip(
            batch,
            self.now(),
            piece.stream,
            error.code,
            error.message,
            self.account_id,
            error.remedy,
        )

    def no_data(self, piece: Piece, error: ProviderError, batch: Batch) -> None:
        """Nothing measured yet: noted, and asked again next time."""
        self._outcome(piece.stream).absence = error
        if piece.item_id is None:
            self.run.notes.skip(
                batch,
                self.now(),
                piece.stream,
                "no_data_yet",
                error.message,
                self.account_id,
                error.remedy,
            )

    def settle(self, batch: Batch, held: Held) -> None:
        """All pieces are done: move the cursors of complete streams, write how each stands."""
        if self.drilldown is None and "accounts" in self.run.streams:
            reader = DrilldownReader(self.account_id, batch, held, self.now())
            reader.account(self.listed, self.dashboard, None)
        histories.settle(self, batch, held)

    def cursor_of(self, stream: str) -> str | None:
        observed = self.drilldown.observed_at if self.drilldown else None
        return iso(observed) if observed else None

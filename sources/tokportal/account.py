"""One account, first of all its drilldown: what it shows now, and what else is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from ..extraction.proof import Proof, prove
from ..http.errors import Skippable
from ..landing.batch import Batch
from ..landing.days import gaps
from ..landing.held import Held
from ..landing.outcomes import SYNC_ACCOUNT_STATUS
from .account_work import AccountWork, PostWork
from .answers import Answer, ask_account
from .client import TokPortalClient
from .comments import read_comments
from .costs import raw_cost
from .drilldown import Drilldown, DrilldownReader
from .marks import by_worth
from .posts import PostsReader, SeenPost
from .raw_history import (
    account_mark,
    from_the_future,
    read_account_raw,
    read_last_raw,
    read_post_raw,
)
from .series import plan_series
from .series_points import points_are_due, points_cost, read_series_points
from .tables import POST_MARKS

Row = dict[str, Any]


class WrongAccount(Skippable):
    """The provider answered for another account than the one asked."""

    code = "wrong_account"
    remedy = "Nothing of the answer was stored. If it stays, report it to the provider."


async def read_drilldown(
    work: AccountWork, client: TokPortalClient, rows: Batch, held: Held
) -> None:
    """The account's header, totals, posts, series and audience; then plan what else is due."""
    work.read_at = work.now()
    answer = await ask_account(work, client, held)
    # Not selected, it is read all the same: it tells which posts moved.
    target = rows if "drilldown" in work.scope.streams else rows.piece()
    full, now = work.scope.sees_everything, work.now()
    reader = DrilldownReader(work.account_id, target, held, now, full=full)
    header = answer.body.get("account")
    if not reader.belongs(header):
        raise WrongAccount(f"asked for {work.account_id}, got another account's drilldown")
    # The account's own row is of the listing, whatever else is selected.
    own = rows if "accounts" in work.scope.streams else target
    DrilldownReader(work.account_id, own, held, now, full=full).account(
        work.listed, work.dashboard, header
    )
    reader.latest(answer.body)
    reader.series(answer.body.get("daily_series"))
    reader.series_gaps(rows)  # also where the days themselves are not selected
    reader.demographics(answer.body)
    reader.insights(answer.body)
    result = work.drilldown = reader.result
    posts = PostsReader(work.account_id, target, held, now, full=full, source=result.source)
    if answer.posts is not None:
        result.posts = posts.read(answer.posts, legacy=answer.legacy)
        if posts.rejected:  # the older list is asked again though nothing is captured anew
            work.cursors.pop("older_scraped_at", None)
    proof = _prove_posts(answer, posts)
    if answer.posts is not None:
        posts.conclude(proof)
        result.gone = posts.gone
    equation = "posts listed = posts the provider counts"
    work.scope.notes.complete(rows, now, "drilldown", proof, equation, work.account_id)
    _prove_series(work, rows, answer)
    if answer.refusal:
        work.scope.refused("drilldown", work.account_id, answer.refusal, rows)
    if not answer.legacy:
        _plan_account_raw(work, rows)
        plan_series(work, result)
        if points_are_due(work):
            cost = points_cost(work)
            work.add("series_points", partial(read_series_points, work), cost=cost)
        _plan_posts(work, result, rows, held)


def _prove_posts(answer: Answer, posts: PostsReader) -> Proof:
    """Whether the answer shows every post that the provider counts. Where nothing has moved since
    the posts were read, the stored ones are counted."""
    landed = posts.there() if answer.posts is None else len(posts.landed)
    stated = answer.stated
    return prove(
        landed,
        expected=stated,
        rejected=posts.rejected,
        truncated=stated is not None and landed + posts.rejected < stated,
        counted=answer.complete and stated is not None,
        lower_bound=True,
    )


def _prove_series(work: AccountWork, rows: Batch, answer: Answer) -> None:
    """Whether a day is missing; nothing where the answer has no series, or the plan shows none."""
    assert work.drilldown is not None
    if "daily_series" not in answer.body or not work.scope.in_plan("daily_series"):
        return
    days, missing = len(work.drilldown.series_days), gaps(work.drilldown.series_days)
    proof = prove(days, rejected=rows.rejected("daily_series"), counted=not missing)
    proof = replace(proof, expected=days + missing)
    equation = "every day between the first and the last"
    work.scope.notes.complete(rows, work.now(), "daily_series", proof, equation, work.account_id)


def _plan_account_raw(work: AccountWork, rows: Batch) -> None:
    assert work.drilldown is not None
    observed = work.drilldown.observed_at
    work.raw_mark = account_mark(work.cursors.get("account_raw_snapshots")).met(observed)
    if error := from_the_future(work.raw_mark, work.now()):
        work.failed("account_raw_snapshots", error, rows)
    elif work.raw_mark.due(observed, work.now(), work.scope.options.raw_max_lag_days):
        cost = raw_cost(work.raw_mark, work.now())
        work.add("account_raw_snapshots", partial(read_account_raw, work), cost=cost)


def _plan_posts(work: AccountWork, drilldown: Drilldown, rows: Batch, held: Held) -> None:
    marks = {} if work.scope.full_refresh else held.of(POST_MARKS, work.account_id)
    known = {key[0]: stored.row for key, stored in marks.items() if stored.completed}
    status = held.of(SYNC_ACCOUNT_STATUS, work.account_id).get((work.account_id, "drilldown"))
    listed_before = status.row["last_success_at"] if status else None
    throughs = []
    for seen in by_worth(drilldown.posts, known, work.now()):
        post = _plan_post(work, seen, known.get(seen.tracked_post_id), rows, listed_before)
        if seen.stored:
            throughs.append(post.raw.raw_through)
    work.stored_since = min(t for t in throughs if t) if throughs and all(throughs) else None
    listed = {seen.tracked_post_id for seen in drilldown.posts}
    for post_id, mark in known.items():
        if post_id not in listed and (post_id in drilldown.gone or mark["unseen_since"]):
            _plan_last_look(work, post_id, mark, rows)


def _plan_post(
    work: AccountWork,
    seen: SeenPost,
    known: Row | None,
    rows: Batch,
    listed_before: datetime | None,
) -> PostWork:
    post = PostWork(seen, known or _new_mark(work, seen, rows.tenant))
    before = dict(post.mark)
    post.raw = post.raw.met(seen.observed_at, listed_before)
    post.comments = post.comments.met(seen.observed_at)
    lag, asks = work.scope.options.raw_max_lag_days, work.scope.asks("post_raw_snapshots")
    if error := from_the_future(post.raw, work.now()):
        if not work.outcome("post_raw_snapshots").failures:  # once per account says it
            work.failed("post_raw_snapshots", error, rows, seen.tracked_post_id)
    elif asks and post.raw.due(seen.observed_at, work.now(), lag):
        do = partial(read_post_raw, work, post)
        cost = raw_cost(post.raw, work.now())
        work.add("post_raw_snapshots", do, seen.tracked_post_id, cost=cost)
    elif post.mark != before:
        rows.put(POST_MARKS, post.mark | {"fetched_at": work.now()})
    lag = work.scope.options.comments_max_lag_days
    if post.comments.due(seen.observed_at, seen.comment_count, work.now(), lag):
        work.add("comments", partial(read_comments, work, post), seen.tracked_post_id)
    return post


def _plan_last_look(work: AccountWork, post_id: str, mark: Row, rows: Batch) -> None:
    """A post that left the listing: what was captured since it was asked is still to come, while
    the provider has it. The mark says so until it was asked."""
    if work.scope.asks("post_raw_snapshots"):
        since = mark["unseen_since"] or work.now()
        mark = mark | {"unseen_since": since, "fetched_at": work.now()}
        rows.put(POST_MARKS, mark)
        post = PostWork(SeenPost(post_id, since, mark["comment_count"], None, stored=True), mark)
        work.add("post_raw_snapshots", partial(read_last_raw, work, post), post_id)


def _new_mark(work: AccountWork, seen: SeenPost, tenant: str) -> Row:
    mark = dict.fromkeys(column.name for column in POST_MARKS.all_columns)
    named = {"tracked_post_id": seen.tracked_post_id, "account_id": work.account_id}
    return mark | named | {"tenant": tenant}

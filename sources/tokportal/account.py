"""One account, first of all its drilldown: what it shows now, and what else is due."""

from __future__ import annotations

from functools import partial
from typing import Any

from ..http.errors import NotInPlan, Skippable
from ..landing.batch import Batch
from ..landing.days import gaps
from ..landing.held import Held
from ..landing.rows import identifier
from .account_work import AccountWork, PostWork
from .client import POST_ID, TokPortalClient
from .comments import read_comments
from .drilldown import Drilldown, DrilldownReader, SeenPost, stated_posts
from .marks import comments_due
from .raw_history import account_mark, read_account_raw, read_post_raw
from .series import read_series, series_to_ask
from .tables import POST_MARKS, TRACKED_POSTS

Row = dict[str, Any]


class WrongAccount(Skippable):
    """The provider answered for another account than the one asked."""

    code = "wrong_account"
    remedy = "Nothing of the answer was stored. If it stays, report it to the provider."


async def read_drilldown(
    work: AccountWork, client: TokPortalClient, rows: Batch, held: Held
) -> None:
    """The account's header, totals, posts, series and audience; then plan what else is due."""
    body = await client.get_account_analytics(work.account_id)
    # Not selected, it is read all the same: it tells which posts moved.
    target = rows if "drilldown" in work.scope.streams else rows.piece()
    full = work.scope.sees_everything
    reader = DrilldownReader(work.account_id, target, held, work.now(), full=full)
    header = body.get("account")
    if not reader.belongs(header):
        raise WrongAccount(f"asked for {work.account_id}, got another account's drilldown")
    posts, complete = await _all_posts(work, client, body, held)
    reader.account(work.listed, work.dashboard, header)
    reader.latest(body)
    reader.post_rows(posts, complete=complete)
    reader.series(body.get("daily_series"))
    reader.demographics(body)
    work.drilldown = reader.result
    _prove(work, rows, stated_posts(body, work.dashboard), complete)
    _plan_account_raw(work)
    if wanted := series_to_ask(work, reader.result):
        work.add("daily_series", partial(read_series, work, wanted))
    _plan_posts(work, reader.result, rows, held)


async def _all_posts(
    work: AccountWork, client: TokPortalClient, body: Row, held: Held
) -> tuple[list[Any], bool]:
    """The drilldown's posts, completed from the video list when they may be capped."""
    posts = body.get("posts")
    posts = posts if isinstance(posts, list) else []
    stated = stated_posts(body, work.dashboard)
    if not _may_be_capped(work, posts, stated, held):
        known = work.cursors.get("listing") or {}
        return posts, stated is None or stated <= len(posts) or bool(known.get("complete"))
    try:
        listing = await client.list_videos(work.account_id)
    except NotInPlan:
        return posts, False
    listed = {identifier(post, *POST_ID) for post in posts}
    more = [row for post_id, row in listing.rows.items() if post_id not in listed]
    work.cursors["listing"] = {
        "stated": stated,
        "shown": len(posts),
        "complete": listing.complete and not more,
    }
    return [*posts, *more, *listing.nameless], listing.complete


def _may_be_capped(work: AccountWork, posts: list[Any], stated: int | None, held: Held) -> bool:
    """Whether the drilldown may show fewer posts than there are, and it is worth asking.

    A provider whose count never agrees with its list is asked once per pair of numbers, unless the
    list is known to bring more than the drilldown: then it is the only way to those posts.
    """
    if stated is not None and stated <= len(posts):
        return False
    known = work.cursors.get("listing") or {}
    if stated is not None:
        same = known.get("stated") == stated and known.get("shown") == len(posts)
        return not (same and known.get("complete"))
    listed = {identifier(post, *POST_ID) for post in posts}
    stored = held.of(TRACKED_POSTS, work.account_id)
    return any(key not in listed for (key,), s in stored.items() if not s.row["removed_at"])


def _prove(work: AccountWork, rows: Batch, stated: int | None, complete: bool) -> None:
    assert work.drilldown is not None
    notes, now, landed = work.scope.notes, work.now(), work.drilldown.listed
    status = "proven" if complete and stated is not None and landed >= stated else "unproven"
    equation = "posts listed = posts the provider counts"
    notes.complete(
        rows, now, "drilldown", status, equation, work.account_id, expected=stated, landed=landed
    )
    days, missing = len(work.drilldown.series_days), gaps(work.drilldown.series_days)
    notes.complete(
        rows,
        now,
        "daily_series",
        "unproven" if missing else "proven",
        "every day between the first and the last",
        work.account_id,
        expected=days + missing,
        landed=days,
    )


def _plan_account_raw(work: AccountWork) -> None:
    assert work.drilldown is not None
    observed = work.drilldown.observed_at
    work.raw_mark = account_mark(work.cursors.get("account_raw_snapshots")).met(observed)
    if work.raw_mark.due(observed, work.now(), work.scope.options.raw_max_lag_days):
        work.add("account_raw_snapshots", partial(read_account_raw, work))


def _plan_posts(work: AccountWork, drilldown: Drilldown, rows: Batch, held: Held) -> None:
    marks = {} if work.scope.full_refresh else held.of(POST_MARKS, work.account_id)
    throughs = []
    for seen in drilldown.posts:
        stored = marks.get((seen.tracked_post_id,))
        known = stored.row if stored and stored.completed else None
        post = _plan_post(work, seen, known, rows)
        if seen.stored:
            throughs.append(post.raw.raw_through)
    work.stored_since = min(t for t in throughs if t) if throughs and all(throughs) else None


def _plan_post(work: AccountWork, seen: SeenPost, known: Row | None, rows: Batch) -> PostWork:
    post = PostWork(seen, known or _new_mark(work, seen, rows.tenant))
    before, post.raw = post.raw, post.raw.met(seen.observed_at)
    lag, asks = work.scope.options.raw_max_lag_days, work.scope.asks("post_raw_snapshots")
    if asks and post.raw.due(seen.observed_at, work.now(), lag):
        do = partial(read_post_raw, work, post)
        work.add("post_raw_snapshots", do, seen.tracked_post_id)
    elif post.raw != before:
        rows.put(POST_MARKS, post.mark | {"fetched_at": work.now()})
    if comments_due(known, seen.observed_at, seen.comment_count):
        work.add("comments", partial(read_comments, work, post), seen.tracked_post_id)
    return post


def _new_mark(work: AccountWork, seen: SeenPost, tenant: str) -> Row:
    mark = dict.fromkeys(column.name for column in POST_MARKS.all_columns)
    named = {"tracked_post_id": seen.tracked_post_id, "account_id": work.account_id}
    return mark | named | {"tenant": tenant}

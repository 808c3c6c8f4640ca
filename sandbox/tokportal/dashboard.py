"""GET /analytics: the portfolio at a glance (developers.tokportal.com/analytics)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import nlargest
from operator import itemgetter
from statistics import fmean
from typing import Any

from sandbox.answers import Answer
from sandbox.tokportal import envelopes, shapes
from sandbox.tokportal.call import Call
from sandbox.world.accounts import Account
from sandbox.world.audience import BUCKETS, Audience
from sandbox.world.posts import Post
from sandbox.world.snapshots import AccountSnapshot

Json = dict[str, Any]
_TOP_POSTS = 10


@dataclass(slots=True)
class Tally:
    """What one pass over the posts in scope finds; of too many, only how many there are."""

    tracked: dict[str, int] = field(default_factory=dict)
    views: int | None = 0
    top: list[tuple[int, str, Account, Post]] = field(default_factory=list)


def get_dashboard(call: Call) -> Answer:
    """Totals, accounts, top posts, audience and facets of the accounts in scope."""
    accounts = accounts_in_scope(call)
    tally = _tally(call, accounts)
    body = {
        "tier": call.plan.level,
        "access": call.plan.access(),
        "totals": _totals(call, accounts, tally),
        "accounts": [_account(call, account, tally.tracked[account.id]) for account in accounts],
        "top_posts": [_top_post(call, account, post) for _, _, account, post in tally.top],
        "audience": _audience(call, accounts),
        "facets": _facets(accounts),
        "contract": shapes.contract_stamp(call.plan),
    }
    return envelopes.bare(body)


def accounts_in_scope(call: Call) -> list[Account]:
    """The accounts that pass the repeatable filters platform, country, account and workspace."""
    wanted = {name: call.query.many(name) for name in ("platform", "country", "account")}
    workspace = call.query.get("workspace")
    return [
        account
        for account in call.world.accounts()
        if (not wanted["platform"] or account.platform in wanted["platform"])
        and (not wanted["country"] or account.country in wanted["country"])
        and (not wanted["account"] or account.id in wanted["account"])
        and workspace in (None, account.workspace_id)
    ]


def _tally(call: Call, accounts: list[Account]) -> Tally:
    """`from` and `to` choose the posts by publication; what is tracked does not depend on them."""
    first, last = call.query.window()
    tally = Tally()
    if call.world.is_huge(accounts):
        return Tally({one.id: _count(call, one) for one in accounts}, views=None)
    for account in accounts:
        posts = call.world.posts(account, call.now) if call.world.has_v2(account, call.now) else []
        tally.tracked[account.id] = len(posts)
        chosen = [
            (
                call.world.newest_post_counters(account, post, call.now).views or 0,
                post.id,
                account,
                post,
            )
            for post in posts
            if (first is None or post.published_at >= first)
            and (last is None or post.published_at <= last)
        ]
        tally.views = (tally.views or 0) + sum(entry[0] for entry in chosen)
        tally.top = nlargest(_TOP_POSTS, [*tally.top, *chosen], key=itemgetter(0, 1))
    return tally


def _count(call: Call, account: Account) -> int:
    known = call.world.has_v2(account, call.now)
    return call.world.count_posts(account, call.now) if known else 0


def _newest(call: Call, account: Account) -> AccountSnapshot | None:
    if not call.world.has_v2(account, call.now):
        return None
    return call.world.newest_account_snapshot(account, call.now, with_posts=False)


def _totals(call: Call, accounts: list[Account], tally: Tally) -> Json:
    newest = [_newest(call, account) for account in accounts]
    counters = [snapshot.counters for snapshot in newest if snapshot]
    return {
        "account_count": len(accounts),
        "views": sum(c.views or 0 for c in counters),
        "impressions": sum(c.impressions or 0 for c in counters),
        "tracked_posts": sum(tally.tracked.values()),
        "post_views": tally.views,
        "avg_fyp_pct": None,
    }


def _account(call: Call, account: Account, tracked_posts: int) -> Json:
    analysed = call.world.has_v2(account, call.now)
    snapshot = _newest(call, account)
    latest = shapes.redact(call.plan, shapes.dashboard_latest(snapshot)) if snapshot else None
    header = shapes.account_header(account, call.now, tracked_posts, analysed=analysed)
    return {**header, "latest": latest}


def _top_post(call: Call, account: Account, post: Post) -> Json:
    snapshot = call.world.newest_post_snapshot(account, post, call.now)
    row = shapes.post_row(account, post, snapshot)
    return {"account_id": account.id, **shapes.redact(call.plan, row)}


def _audience(call: Call, accounts: list[Account]) -> Json:
    """The mean over the accounts whose audience is known; empty and "unknown" without any."""
    hidden = "demographics" in call.plan.hidden
    known = [] if hidden else [_audience_of(call, account) for account in accounts]
    audiences = [audience for audience in known if audience]
    if not audiences:
        return {**{name: [] for name in BUCKETS}, "unit": "unknown"}
    means = {
        name: [{"key": key, "value": _mean_share(audiences, name, key)} for key in buckets]
        for name, buckets in BUCKETS.items()
    }
    return {**means, "unit": "percent"}


def _audience_of(call: Call, account: Account) -> Audience | None:
    known = call.world.has_v2(account, call.now)
    return call.world.audience(account, call.now) if known else None


def _mean_share(audiences: list[Audience], dimension: str, bucket: str) -> float:
    return round(fmean(dict(one.shares[dimension])[bucket] for one in audiences), 1)


def _facets(accounts: list[Account]) -> Json:
    def count(values: Iterable[str]) -> list[Json]:
        return [{"key": key, "count": n} for key, n in sorted(Counter(values).items())]

    return {
        "platforms": count(account.platform for account in accounts),
        "countries": count(account.country for account in accounts),
        "workspaces": count(account.workspace_id for account in accounts),
    }

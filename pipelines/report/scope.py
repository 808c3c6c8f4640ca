"""Of whom and of when a report speaks: all accounts or one client's posts, and a span of days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from ..destinations import Warehouse
from ..exits import Exit, Stop, usage
from . import query

# For marts without any settled day. The day of the newest reading is not over, so it is the day
# after the last.
_NEWEST_DAY = """
select max(newest) from (
    select max(cast(fetched_at at time zone 'UTC' as date)) as newest from marts.fct_account_day
    union all
    select max(cast(fetched_at at time zone 'UTC' as date)) from marts.fct_post_day
) as readings"""

# The last settled day of each provider: of accounts, else of posts.
_LAST_SETTLED = """
select provider, max(day) from (
    select facts.provider, facts.day
    from marts.{fact} as facts
    where {of}
    group by facts.provider, facts.day
    having count(case when facts.is_settled then 1 end) = count(*)
) as settled
group by provider"""
# A provider that is read no more must not hold the report back.
_BEHIND = timedelta(days=7)

_CLIENTS = """
select distinct client_ref from (
    select client_ref from marts.dim_campaign union all select client_ref from marts.dim_account
) as named where client_ref is not null order by client_ref"""

# A client's posts are told by campaigns: an account may carry the posts of several clients.
_OF_CLIENT = """{key} in (
        select bridge.post_key
        from marts.bridge_post_campaign as bridge
        join marts.dim_campaign as campaigns on campaigns.campaign_key = bridge.campaign_key
        where campaigns.client_ref = {client}
    )"""


@dataclass(frozen=True)
class Period:
    """UTC days: `since` is the first, `until` the day after the last."""

    since: date
    until: date

    @property
    def days(self) -> int:
        return (self.until - self.since).days

    @property
    def last(self) -> date:
        return self.until - timedelta(days=1)

    @property
    def before(self) -> date:
        """First day of as many days before."""
        return self.since - timedelta(days=self.days)


@dataclass(frozen=True)
class Scope:
    """All that the warehouse knows (`client` None), or what belongs to one client alone."""

    period: Period
    client: str | None = None

    def posts(self, key: str) -> str:
        """A condition on the column `key` of posts, to follow others."""
        if self.client is None:
            return ""
        return "\n    and " + _OF_CLIENT.format(key=key, client=query.text(self.client))

    def accounts(self, column: str) -> str:
        """The same on a column of `client_ref` of accounts."""
        return f"\n    and {column} = {query.text(self.client)}" if self.client is not None else ""


def clients(warehouse: Warehouse) -> list[str]:
    return [name for (name,) in warehouse.query(_CLIENTS)]


def known(client: str | None, names: list[str]) -> str | None:
    """The client as named. Raises Stop (usage) for one that no rule names."""
    if client is None or client in names:
        return client
    told = f"Known: {', '.join(names)}." if names else "Clients are named in .dlt/clients.toml."
    raise usage(f"no client is called {client!r}", told)


def period(
    warehouse: Warehouse, since: str | None, until: str | None, days: int, client: str | None
) -> Period:
    """The requested days, else those that end with the last settled day.

    Raises Stop: usage for days that are not there, exit 6 for empty marts.
    """
    end = _day(until) or _day_after_settled(warehouse, client)
    end = end or warehouse.query(_NEWEST_DAY)[0][0]
    if end is None:
        raise Stop(Exit.DESTINATION, "the marts are empty", "Run `social sync`, then transform.")
    begin = _day(since) or end - timedelta(days=days)
    if begin >= end:
        raise usage(f"{begin} to {end} holds no day", "--until is the day after the last one.")
    return Period(begin, end)


def _day_after_settled(warehouse: Warehouse, client: str | None) -> date | None:
    """The day after the earliest of the providers' last settled days; None: no day is settled."""
    last: dict[str, date] = {}
    for fact in ("fct_post_day", "fct_account_day"):
        if client is None:
            of = "true"
        elif fact == "fct_post_day":
            of = _OF_CLIENT.format(key="facts.post_key", client=query.text(client))
        else:
            continue  # a client's figures are those of its posts
        last |= dict(warehouse.query(_LAST_SETTLED.format(fact=fact, of=of)))
    if not last:
        return None
    best = max(last.values())
    return min(day for day in last.values() if day >= best - _BEHIND) + timedelta(days=1)


def _day(value: str | None) -> date | None:
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        raise usage(f"{value!r} is not a day", "Write YYYY-MM-DD.") from None

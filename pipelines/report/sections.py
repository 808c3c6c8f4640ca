"""What is on the page, in its order: sections of figures, each provider on its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ..destinations import Warehouse
from . import accounts, daily, figures, health, posts, totals
from .figures import Figure
from .lens import Lens, lenses
from .query import Answer, Kind, Query
from .scope import Scope

_TOP_OF_CLIENT = 5


@dataclass(frozen=True)
class Section:
    """`ident` is the address within the page. `groups` have a heading of their own."""

    ident: str
    title: str
    intro: str
    figures: Sequence[Figure] = ()
    groups: Sequence[Section] = field(default_factory=tuple)


@dataclass(frozen=True)
class Reading:
    """An open warehouse, seen in a scope; `prefix` keeps names apart within a page."""

    warehouse: Warehouse
    scope: Scope
    prefix: str = ""

    def lenses(self) -> list[Lens]:
        return list(lenses(self.warehouse, self.scope))

    def ask(self, query: Query) -> Answer:
        return replace(query, name=self.prefix + query.name).ask(self.warehouse)


def sections(reading: Reading, clients: Sequence[str]) -> Iterator[Section]:
    """All sections; those of clients only where the report is not one client's itself."""
    seen = reading.lenses()
    yield Section("complete", "Is it complete?", _COMPLETE, list(_completeness(reading, seen)))
    yield Section("sums", "Totals", _SUMS, [_totals(reading, one) for one in seen])
    yield Section("views", "Views gained", _VIEWS, [_views(reading, one) for one in seen])
    yield Section("engagement", "Engagement", _RATE, [_rate(reading, one) for one in seen])
    yield Section("followers", "Followers", _NET, list(_followers(reading, seen)))
    yield Section("posts", "Top posts", _TOP, [_top(reading, one, posts.SHOWN) for one in seen])
    yield Section("ages", "How posts grow", _AGES, [_ages(reading, one) for one in seen])
    yield Section("times", "When to post", _TIMES, [_times(reading, one) for one in seen])
    yield Section("accounts", "Accounts", "", [_accounts(reading, one) for one in seen])
    if reading.scope.client is None:
        yield Section("clients", "Clients", _CLIENTS[bool(clients)], (), _of(reading, clients))
    yield Section("health", "Data health", _HEALTH, list(_health(reading, seen)))


def _completeness(reading: Reading, seen: Sequence[Lens]) -> Iterator[Figure]:
    for lens in seen:
        yield figures.completeness(reading.ask(health.completeness(lens)))


def _totals(reading: Reading, lens: Lens) -> Figure:
    return figures.totals(reading.ask(totals.totals(lens)), lens)


def _views(reading: Reading, lens: Lens) -> Figure:
    return figures.per_day(reading.ask(daily.views(lens)), lens, Kind.number, "~s")


def _rate(reading: Reading, lens: Lens) -> Figure:
    answer = reading.ask(daily.engagement(lens))
    return figures.per_day(answer, lens, Kind.share, ".1%", half=True)


def _followers(reading: Reading, seen: Sequence[Lens]) -> Iterator[Figure]:
    """Only of providers that count followers."""
    for lens in seen:
        answer = reading.ask(daily.followers(lens))
        if any(row["with_a_figure"] for row in answer.rows):
            note = "Net change over all accounts with a figure on that day."
            yield figures.per_day(answer, lens, Kind.signed, "~s", half=True, note=note)


def _top(reading: Reading, lens: Lens, shown: int) -> Figure:
    return figures.top(reading.ask(posts.top(lens, shown)))


def _ages(reading: Reading, lens: Lens) -> Figure:
    return figures.ages(reading.ask(posts.ages(lens)), lens, half=True)


def _times(reading: Reading, lens: Lens) -> Figure:
    return figures.times(reading.ask(posts.times(lens)), half=True)


def _accounts(reading: Reading, lens: Lens) -> Figure:
    return figures.accounts(reading.ask(accounts.accounts(lens)), lens)


def _of(reading: Reading, clients: Sequence[str]) -> list[Section]:
    """A part per client, short: `--client` makes a page of it."""
    parts = []
    for number, name in enumerate(clients, 1):
        scope = replace(reading.scope, client=name)
        own = Reading(reading.warehouse, scope, f"client-{number}-")
        shown = [
            figure
            for lens in own.lenses()
            for figure in (
                _totals(own, lens),
                _views(own, lens),
                _top(own, lens, _TOP_OF_CLIENT),
            )
        ]
        parts.append(Section(f"client-{number}", name, "" if shown else _NOTHING, shown))
    return parts


def _health(reading: Reading, seen: Sequence[Lens]) -> Iterator[Figure]:
    """Streams and runs are of all clients at once: not on a page of one."""
    for lens in seen:
        yield figures.coverage(reading.ask(health.coverage(lens)), half=True)
    if reading.scope.client is None:
        yield figures.plain(reading.ask(health.FRESHNESS), _FRESH)
        yield figures.plain(reading.ask(health.RUNS), "Times of the machine that ran the sync.")


_COMPLETE = (
    "A day is complete when nothing that the provider usually does will change its figures. The"
    " period ends with such a day unless other days were requested."
)
_SUMS = (
    "Providers are shown separately, because the same video can appear in all of them. Changes"
    " compare each day with the day one period earlier, over days that are complete in both."
)
_VIEWS = (
    "Days without a measurement are hatched and interrupt the line. A gain over several unmeasured"
    " days is shown on the day that ends them."
)
_RATE = "Likes, comments and shares gained per view gained, over rows in which all four are known."
_NET = "Followers gained minus followers lost."
_TOP = "Posts that gained the most views in this period."
_AGES = "Median views by the age of a post."
_TIMES = "How posts of a weekday and hour perform against the median of their own account."
_CLIENTS = {
    True: "A client's figures are those of its posts, by the rules of `.dlt/clients.toml`."
    " `social report --client NAME` makes a page for one client.",
    False: "No rule of `.dlt/clients.toml` names a client yet.",
}
_FRESH = (
    "UTC, on the providers' clocks. Behind: time from the stream's oldest reading to the newest"
    " reading of all streams. Settled through: the last day whose figures are final."
)
_NOTHING = "No post belongs to this client yet."
_HEALTH = (
    "Which days have figures, how fresh each stream is, and the last runs. Unknown values are"
    " hatched or “–”, never zero."
)

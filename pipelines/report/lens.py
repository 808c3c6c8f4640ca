"""How one provider's figures are read. Providers are never summed: they may see the same video."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..destinations import Warehouse
from . import query
from .scope import Scope

TITLES = {"tokportal": "TokPortal", "genviral": "Genviral", "tokfluence": "Tokfluence"}
_PARTS = ("likes", "comments", "shares")

_PLATFORMS = """
select distinct owners.platform from marts.{dimension} as owners
where owners.provider = '{provider}' and owners.platform is not null{scope}"""


@dataclass(frozen=True)
class Lens:
    """A provider in a scope: which fact is summed, and which of its columns.

    A day is settled when all of its rows are: nothing that the provider usually does changes them.

    Accounts where the provider measures accounts; posts where it does not, and for a client, whose
    posts may share an account with another's.
    """

    provider: str
    scope: Scope
    platforms: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return TITLES.get(self.provider, self.provider.title())

    @property
    def of_posts(self) -> bool:
        return self.provider == "tokfluence" or self.scope.client is not None

    @property
    def reported(self) -> bool:
        """Genviral tells each day's gains itself, also of days before it was first read."""
        return self.provider == "genviral" and not self.of_posts

    @property
    def measure(self) -> str:
        """What the figures are sums of, as a sentence."""
        if self.reported:
            return "Sum over accounts, as reported by the provider."
        return f"Sum over {'posts' if self.of_posts else 'accounts'}, from the measured totals."

    @property
    def counted(self) -> str:
        return "Posts with a figure" if self.of_posts else "Accounts with a figure"

    def gained(self, counter: str) -> str:
        return f"facts.{counter}_gained{'_reported' if self.reported else ''}"

    @property
    def engagement(self) -> str:
        """Unknown where a part is."""
        return " + ".join(self.gained(part) for part in _PARTS)

    def rate(self, condition: str = "") -> str:
        """Sum of the parts per sum of the views, over the rows in which all are known."""
        known = f"{condition}{self.engagement} is not null and {self.gained('views')} is not null"
        return (
            f"cast(sum(case when {known}\n            then {self.engagement} end)"
            f" as double precision)\n        / nullif(sum(case when {known}\n"
            f"            then {self.gained('views')} end), 0)"
        )

    def facts(self, since: str, until: str, joined: str = "", indent: str = "    ") -> str:
        """From and where: `facts` by day, `owners` with their platform. Days as SQL; `joined`:
        further joins."""
        fact, owner, key = ("post", "post", "post_key") if self.of_posts else _ACCOUNT
        scope = self.scope.posts("facts.post_key") if self.of_posts else ""
        lines = (
            f"from marts.fct_{fact}_day as facts\n"
            f"join marts.dim_{owner} as owners on owners.{key} = facts.{key}\n{joined}"
            f"where facts.provider = '{self.provider}'\n"
            f"    and facts.day >= {since} and facts.day < {until}{scope}"
        )
        return lines.replace("\n", f"\n{indent}")

    def in_period(self) -> str:
        days = self.scope.period
        return self.facts(query.day(days.since), query.day(days.until))


_ACCOUNT = ("account", "account", "account_key")


def lenses(warehouse: Warehouse, scope: Scope) -> Iterator[Lens]:
    """One per provider that has anything in this scope."""
    for provider in TITLES:
        bare = Lens(provider, scope)
        dimension, of = ("dim_post", scope.posts("owners.post_key"))
        if not bare.of_posts:
            dimension, of = "dim_account", ""
        sql = _PLATFORMS.format(dimension=dimension, provider=provider, scope=of)
        names = [name for (name,) in warehouse.query(sql)]
        if names:
            yield Lens(provider, scope, tuple(sorted(names, key=_order)))


def _order(platform: str) -> tuple[int, str]:
    known = list(query.PLATFORMS)
    return (known.index(platform) if platform in known else len(known), platform)

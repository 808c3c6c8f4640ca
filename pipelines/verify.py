"""`social verify`: the warehouse proves itself. Reads only; a finding names rule, rows and keys.

Keys are unique, references hold, nothing was captured in the future, the latest figures of a post
are those of its newest observation, and the provider's CSV export agrees with the tracked posts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sources.landing.tables import Table

from .destinations import Destination, Warehouse
from .exits import Exit

_SHOWN = 5


@dataclass(frozen=True)
class Finding:
    """What a rule found: how many rows break it, and the keys of the first few."""

    provider: str
    rule: str
    rows: int
    examples: list[str]

    def line(self) -> str:
        shown = ", ".join(self.examples) + (" …" if self.rows > len(self.examples) else "")
        return f"BAD   {self.provider}  {self.rule}: {self.rows:,} rows ({shown})"


# Rules of TokPortal's tables: a name, the tables it needs, and a query of the keys that break it.
_RULES: dict[str, list[tuple[str, tuple[str, ...], str]]] = {
    "tokportal": [
        (
            "every post belongs to an account that is known",
            ("tracked_posts", "accounts"),
            """select t.tracked_post_id from {schema}.tracked_posts t where not exists (
                 select 1 from {schema}.accounts a
                 where a.tenant = t.tenant and a.account_id = t.account_id)""",
        ),
        (
            "every snapshot belongs to a post that is known",
            ("post_snapshots", "tracked_posts"),
            """select distinct s.tracked_post_id from {schema}.post_snapshots s where not exists (
                 select 1 from {schema}.tracked_posts t
                 where t.tenant = s.tenant and t.tracked_post_id = s.tracked_post_id)""",
        ),
        (
            "no observation is later than the moment it was read",
            ("post_snapshots",),
            """select tracked_post_id from {schema}.post_snapshots
               where captured_at > fetched_at + interval '1 day'""",
        ),
        (
            "a post's latest figures are those of its newest observation",
            ("tracked_posts", "post_snapshots"),
            """select t.tracked_post_id from {schema}.tracked_posts t
               join {schema}.post_snapshots s using (tenant, tracked_post_id)
               where s.captured_at = t.captured_at
                 and s.source = coalesce(t.source, s.source) and s.views <> t.views""",
        ),
        (
            "the export shows no post that is not tracked",
            ("video_export", "tracked_posts"),
            """select post_key from {schema}.video_export e where not exists (
                 select 1 from {schema}.tracked_posts t where t.tenant = e.tenant
                 and (t.tracked_post_id = e.tracked_post_id or t.url = e.url))""",
        ),
        (
            "the export and the tracked posts say the same of one observation",
            ("video_export", "tracked_posts"),
            """select e.post_key from {schema}.video_export e
               join {schema}.tracked_posts t using (tenant, tracked_post_id)
               where e.captured_at = t.captured_at and (e.views <> t.views or e.likes <> t.likes
                 or e.comments <> t.comments or e.shares <> t.shares)""",
        ),
    ]
}


def verify(place: Destination) -> tuple[int, list[Finding]]:
    """How many rules were applied, and what they found. Raises Stop when there is no warehouse."""
    import sources

    applied, findings = 0, []
    with place.reading() as warehouse:
        for provider in sources.names():
            existing = set(warehouse.tables(provider))
            for rule, needed, sql in _rules(provider, sources.get(provider).TABLES):
                if existing.issuperset(needed):
                    applied += 1
                    findings += _apply(warehouse, provider, rule, sql)
    return applied, findings


def _rules(provider: str, tables: tuple[Table, ...]) -> Iterator[tuple[str, tuple[str, ...], str]]:
    for table in tables:
        key = ", ".join(f'"{name}"' for name in table.merge_key)
        sql = (
            f"select concat_ws('/', {key}) from {{schema}}.{table.name}"
            f" group by {key} having count(*) > 1"
        )
        yield f"keys of {table.name} are unique", (table.name,), sql
    yield from _RULES.get(provider, [])


def _apply(warehouse: Warehouse, provider: str, rule: str, sql: str) -> list[Finding]:
    broken: list[tuple[Any, ...]] = warehouse.query(sql.format(schema=provider))
    if not broken:
        return []
    return [Finding(provider, rule, len(broken), [str(row[0]) for row in broken[:_SHOWN]])]


def exit_code(findings: list[Finding]) -> Exit:
    return Exit.CHECK_FAILED if findings else Exit.OK

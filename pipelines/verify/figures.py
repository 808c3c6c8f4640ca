"""Rules about figures that the warehouse holds in more than one place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sources
from sources.landing.tables import Table

from .declared import key_text
from .rule import Rule

_PAIRS = {  # a table with latest figures, and its observations
    "tokportal": ("tracked_posts", "post_snapshots"),
    "genviral": ("posts", "post_snapshots"),
    "tokfluence": ("posts", "post_snapshots"),
}
_FROM_RAW = {  # raw snapshots, and the observations that were made of them
    "tokportal": (
        ("account_raw_snapshots", "account_snapshots"),
        ("post_raw_snapshots", "post_snapshots"),
    ),
}
_GAINS = ("views", "likes", "comments", "shares", "followers")


def rules(provider: str) -> Iterator[Rule]:
    """Latest and newest, raw and observation, gained and cumulative, export and posts."""
    tables = {table.name: table for table in sources.get(provider).DATA_TABLES}
    if provider in _PAIRS:
        latest, observed = (tables[name] for name in _PAIRS[provider])
        yield from _latest(latest, observed)
    for raw, observed_name in _FROM_RAW.get(provider, ()):
        yield from _of_raw(tables[raw], tables[observed_name])
    if "series_points" in tables:
        yield from _gains()
    if "video_export" in tables:
        yield from _export()


def metrics(*tables: Table) -> list[str]:
    """The columns with figures that all of them have."""
    figures = [{c.name for c in t.columns if c.type in ("bigint", "double")} for t in tables]
    return [c.name for c in tables[0].columns if c.name in set.intersection(*figures)]


def _differ(names: Sequence[str], left: str, right: str) -> str:
    """SQL: any figure that both have differs. What one does not know is no contradiction."""
    return "(" + " or ".join(f'{left}."{n}" <> {right}."{n}"' for n in names) + ")"


def _exceeds(names: Sequence[str], latest: str, observed: str) -> str:
    """SQL: the latest row has any figure that the observation of its moment lacks or contradicts.
    The observation may know more: a later raw snapshot completes it."""
    there = (f'({latest}."{n}" is not null and {observed}."{n}" is null)' for n in names)
    return f"({_differ(names, latest, observed)} or {' or '.join(there)})"


def _latest(latest: Table, observed: Table) -> Iterator[Rule]:
    key = latest.key[0]
    same = f't.tenant = s.tenant and t."{key}" = s."{key}"'
    moment = observed.moment or "captured_at"
    dated = moment in latest.by_name
    newest = (
        "s.captured_at = t.captured_at and s.source = coalesce(t.source, s.source)"
        if dated
        else f's."{moment}" = (select max(n."{moment}") from {{schema}}.{observed.name} n'
        f' where n.tenant = t.tenant and n."{key}" = t."{key}")'
    )
    yield Rule(
        f"latest figures of {latest.name} are those of the newest observation",
        latest.name,
        f"select {key_text(latest)} from {{schema}}.{latest.name} t"
        f" join {{schema}}.{observed.name} s on {same}"
        f" where {newest} and {_exceeds(metrics(latest, observed), 't', 's')}",
        (observed.name,),
    )
    there = (
        f"{same} and {newest}"
        if dated
        else f'{same} and s."{moment}" >= cast(t.fetched_at as date)'
    )
    known = "t.captured_at is not null" if dated else "t.removed_at is null"
    if dated or "removed_at" in latest.by_name:
        yield Rule(
            f"every row of {latest.name} has its newest observation in {observed.name}",
            latest.name,
            f"select {key_text(latest)} from {{schema}}.{latest.name} t where {known}"
            f" and not exists (select 1 from {{schema}}.{observed.name} s where {there})",
            (),
            filled=(observed.name,),
        )


def _of_raw(raw: Table, observed: Table) -> Iterator[Rule]:
    key = " and ".join(f's."{name}" = t."{name}"' for name in observed.merge_key)
    yield Rule(
        f"every row of {raw.name} has its observation in {observed.name}",
        raw.name,
        f"select {key_text(raw)} from {{schema}}.{raw.name} t"
        f" where not exists (select 1 from {{schema}}.{observed.name} s where {key})",
        filled=(observed.name,),
    )
    yield Rule(
        f"every observation of {observed.name} has the raw snapshot that it names",
        observed.name,
        f"select {key_text(observed)} from {{schema}}.{observed.name} t"
        " where t.snapshot_id is not null and not exists (select 1"
        f" from {{schema}}.{raw.name} s where s.tenant = t.tenant"
        " and s.snapshot_id = t.snapshot_id)",
        filled=(raw.name,),
    )
    # Where the drilldown showed the same observation, its payload is the judge (payloads.py).
    yield Rule(
        f"observations of {observed.name} say what their raw snapshots say",
        observed.name,
        f"select {key_text(observed)} from {{schema}}.{observed.name} t"
        f" join {{schema}}.{raw.name} s on s.tenant = t.tenant and s.snapshot_id = t.snapshot_id"
        f" where t.payload is null and {_differ(metrics(observed, raw), 't', 's')}",
        (raw.name,),
    )


def _gains() -> Iterator[Rule]:
    """Compared where the gain was read after both days were: a restated day changes the one before
    the other."""
    for metric in _GAINS:
        read_last = (
            "p.fetched_at + interval '1 hour' >= d.fetched_at"
            " and p.fetched_at + interval '1 hour' >= b.fetched_at"
        )
        yield Rule(
            f"{metric} gained on a day is the difference of the cumulative figures",
            "daily_series",
            "select d.account_id || '/' || cast(d.date as varchar) from {schema}.daily_series d"
            " join {schema}.daily_series b on b.tenant = d.tenant and b.account_id = d.account_id"
            " and b.date = d.date - 1"
            " join {schema}.series_points p on p.tenant = d.tenant and p.account_id = d.account_id"
            " and p.date = d.date and p.granularity = 'day' and p.mode = 'gained'"
            f" and p.metric = '{metric}'"
            f" where {read_last} and (d.{metric} - b.{metric} <> p.value"
            f" or d.{metric}_gained <> p.value)",
            ("series_points",),
            remedy="`social sync -s tokportal.series_points,tokportal.drilldown --full-refresh`.",
        )


def _export() -> Iterator[Rule]:
    names = ("views", "likes", "comments", "shares")
    yield Rule(
        "the export shows no post that is not tracked",
        "video_export",
        "select e.post_key from {schema}.video_export e where not exists (select 1"
        " from {schema}.tracked_posts t where t.tenant = e.tenant"
        " and (t.tracked_post_id = e.tracked_post_id or t.url = e.url))",
        filled=("tracked_posts",),
    )
    yield Rule(
        "the export and the tracked posts say the same of one observation",
        "video_export",
        "select e.post_key from {schema}.video_export e join {schema}.tracked_posts t"
        " on t.tenant = e.tenant and t.tracked_post_id = e.tracked_post_id"
        f" where e.captured_at = t.captured_at and {_differ(names, 'e', 't')}",
        ("tracked_posts",),
    )

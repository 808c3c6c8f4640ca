"""Rows that could not be read, as a run, `social status` and `social verify` tell of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sources.extraction.notes import Notes, Rejects
from sources.landing.tables import Table

from .loads import ledger

CODE = "rejected"
REMEDY = (
    "The rows are in sync_rejects with their raw text. They are asked again, and land once the"
    " provider serves them as declared; `payload` and `social reprocess` help where the declaration"
    " is wrong."
)

_COMPLETENESS, _REJECTS = (
    ledger("{schema}", name) for name in ("sync_completeness", "sync_rejects")
)

# Of each account and stream the newest reading, where rows of it were rejected: how many, and of
# which columns. An account that is removed is not read any more.
NEWEST_READING = f"""
    select c.account_id, c.stream, c.rejected, c.fetched_at,
        (select string_agg(distinct r.table_name || '.' || split_part(r.reason, ':', 1), ', ')
            from {_REJECTS} r where r.tenant = c.tenant and r.run_id = c.run_id
            and r.account_id is not distinct from c.account_id) as columns
    from (
        select s.*, row_number() over (partition by tenant, account_id, stream
            order by fetched_at desc, run_id desc) as age
        from {_COMPLETENESS} s where status not in ('failed', 'not_in_plan')) c
    where age = 1 and c.rejected > 0{{there}}"""


def newest_reading(listing: Table | None) -> str:
    """The query of `NEWEST_READING`, with a place for the schema. `listing` is the table of what
    the ledgers call an account, where there is one."""
    return NEWEST_READING.replace("{there}", not_removed(listing) if listing else "")


def not_removed(listing: Table) -> str:
    """SQL: the account of a ledger row `c` is not removed."""
    return (
        f" and not exists (select 1 from {{schema}}.{listing.name} a where a.tenant = c.tenant"
        f" and a.{listing.account} = c.account_id and a.removed_at is not null)"
    )


def rejected_rows(notes: Notes, streams: Mapping[str, Sequence[Table]]) -> Iterator[dict[str, Any]]:
    """An entry per table and column for the errors of a run: a rejected row makes it partial."""
    for rejects in notes.rejects.values():
        yield {
            "account_id": rejects.account_id,
            "stream": _stream_of(rejects.table, streams),
            "item_id": None,
            "code": CODE,
            "message": _message(rejects),
            "retry_at": None,
        }


def _stream_of(name: str, streams: Mapping[str, Sequence[Table]]) -> str | None:
    """The first stream that fills the table."""
    filling = (s for s, tables in streams.items() if any(t.name == name for t in tables))
    return next(filling, None)


def _message(rejects: Rejects) -> str:
    rows = "1 row" if rejects.rows == 1 else f"{rejects.rows:,} rows"
    return f"{rows} of {rejects.table} rejected, {rejects.reason}"

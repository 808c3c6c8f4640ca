"""Days that a series lacks though they were read: the provider's holes, and no losses of ours."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta

from ..landing.batch import Batch
from ..landing.changes import differs
from ..landing.held import Held
from ..landing.outcomes import SERIES_GAPS


def note_gaps(
    batch: Batch,
    held: Held,
    account_id: str,
    since: date,
    until: date,
    days: Collection[date],
    now: datetime,
) -> None:
    """Write a row of `series_gaps` for each day from `since` to `until`, both included, that is not
    among `days`. The range was read to its end, and no row of it was rejected."""
    if missing := [day for day in _range(since, until) if day not in days]:
        stored = held.of(SERIES_GAPS, account_id)
        for day in missing:
            row = {"tenant": batch.tenant, "account_id": account_id, "date": day, "fetched_at": now}
            if differs(SERIES_GAPS, row, stored.get(SERIES_GAPS.key_of(row))):
                batch.put(SERIES_GAPS, row)


def note_gaps_between(
    batch: Batch,
    held: Held,
    account_id: str,
    since: date,
    until: date,
    days: Collection[date],
    now: datetime,
) -> None:
    """The same for the part of the range that lies between the first and the last of `days`: before
    and after them an account may simply have no figures."""
    if days:
        since, until = max(since, min(days)), min(until, max(days))
        note_gaps(batch, held, account_id, since, until, days, now)


def _range(since: date, until: date) -> list[date]:
    return [since + timedelta(days=n) for n in range((until - since).days + 1)]

"""What a piece of an account's work will take, as far as it can be known before it is asked."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..extraction.plan import A_WALK, ONE_REQUEST, Cost
from .account_work import AccountWork
from .client import RAW_LIMIT
from .marks import RawMark

_A_DAY = timedelta(days=1)


def drilldown_cost(work: AccountWork) -> Cost:
    """One request; without analytics a 404, and once a day the older endpoint."""
    if work.dashboard is None or work.dashboard.get("latest"):
        return ONE_REQUEST
    asked = work.cursors.get("older_asked_on") == work.now().date().isoformat()
    return ONE_REQUEST if asked else Cost(2)


def raw_cost(mark: RawMark, now: datetime) -> Cost:
    """Requests of a walk from the mark: pages overlap, and the last has to be short."""
    since = mark.raw_through or mark.observed_at
    if since is None:
        return A_WALK
    rows = (now - since) / _A_DAY * (mark.raw_per_day or 1.0)
    return Cost(1 + int(rows) // (RAW_LIMIT - 1), estimated=True)

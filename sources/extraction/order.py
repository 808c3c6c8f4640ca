"""In which order accounts are asked: a run that is cut short goes on, in the next, with those that
waited longest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from ..landing.days import parse

LastAttempts = Callable[[str], Mapping[str, datetime]]
"""Tenant in; per account when it was asked last, with all its streams, out."""

OWNER_TRIED = "owner_tried_at"  # in the state of a provider: when the owner had its turn

_A_DAY = timedelta(days=1)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def nothing_attempted(tenant: str) -> Mapping[str, datetime]:
    """For a plain `pipeline.run(source())`: no warehouse is asked."""
    return {}


def longest_waiting_first(
    account_ids: Iterable[str], attempts: Mapping[str, datetime]
) -> list[str]:
    """Never asked first; of equal ones the provider's order stands. Attempts and not successes
    decide: an account that always fails would else be before all others for ever."""
    return sorted(account_ids, key=lambda each: attempts.get(each, _NEVER))


def after_owner(
    account_ids: Iterable[str], attempts: Mapping[str, datetime], tried_at: str | None
) -> int:
    """How many of the accounts, in their order, come after what belongs to the key's owner: those
    that had their turn a day after it. Where requests are always short it would else never come."""
    limit = (parse(tried_at) or _NEVER) + _A_DAY
    return sum(attempts.get(each, _NEVER) > limit for each in account_ids)

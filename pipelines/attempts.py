"""When each account was asked last, as far as loads completed."""

from __future__ import annotations

from datetime import datetime

from sources.extraction.order import LastAttempts

from .destinations import Warehouse
from .loads import ledger

_SQL = """
    select s.account_id, max(s.last_attempt_at) from {statuses} s
    where s.tenant = ? group by s.account_id"""


def last_attempts(warehouse: Warehouse, schema: str) -> LastAttempts:
    """The answer for a provider's schema, whose tables exist."""

    def attempts(tenant: str) -> dict[str, datetime]:
        rows = warehouse.query(
            _SQL.format(statuses=ledger(schema, "sync_account_status")), [tenant]
        )
        return {account_id: moment for account_id, moment in rows if moment is not None}

    return attempts

"""Old rows of the ledgers that grow with every run: `[retention] completeness_days`.

Of each account, stream and outcome the newest row stays, however old: it is what the warehouse
knows about that stream. Days count back from the newest row, which is on the provider's clock.
"""

from __future__ import annotations

from datetime import timedelta

from sources.landing.outcomes import GROWING

from .destinations import Warehouse
from .destinations.ddl import named
from .loads import completed

# Two conditions and not `is not distinct from`, which no index serves.
_SAME_ACCOUNT = (
    "n.account_id = r.account_id",
    "n.account_id is null and r.account_id is null",
)


def prune_ledgers(warehouse: Warehouse, schema: str, tenant: str, days: int) -> None:
    """Delete what is older than so many days and has a newer row of the same outcome."""
    for table, outcome in GROWING:
        where, quoted = named(schema, table.name), f'"{schema}"'
        (newest,) = warehouse.query(
            f"select max(fetched_at) from {where} where tenant = ?", [tenant]
        )[0]
        if newest is None:
            continue
        values = [tenant, newest - timedelta(days=days)]
        for same_account in _SAME_ACCOUNT:
            newer = (
                f"select 1 from {where} n where {same_account} and n.stream = r.stream"
                f" and n.tenant = r.tenant and n.{outcome} = r.{outcome}"
                f" and n.fetched_at > r.fetched_at and {completed(quoted, 'n')}"
            )
            old = f"{where} r where r.tenant = ? and r.fetched_at < ? and exists ({newer})"
            if warehouse.query(f"select 1 from {old} limit 1", values):
                with warehouse.transaction() as execute:
                    execute(f"delete from {old}", values)

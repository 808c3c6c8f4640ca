"""dlt's state rows: one per load that moved a cursor, each with all cursors of its pipeline."""

from __future__ import annotations

from typing import Any

from .destinations import Warehouse

_KEPT = 100
_TABLE = "_dlt_pipeline_state"

# Rows of loads that did not complete are no state: what is kept are the newest that count.
_OLDEST_KEPT = """
    select min(load_id) from (
        select l.load_id from "{schema}"."_dlt_pipeline_state" s
        join "{schema}"."_dlt_loads" l on l.load_id = s._dlt_load_id and l.status = 0
        where s.pipeline_name = ? order by l.load_id desc limit {kept}) newest"""

_NEWEST = """
    select s.state from "{schema}"."_dlt_pipeline_state" s
    join "{schema}"."_dlt_loads" l on l.load_id = s._dlt_load_id and l.status = 0
    where s.pipeline_name = ? order by l.load_id desc limit 1"""

_SIZES = """
    select s.pipeline_name, count(*) as kept, max(length(s.state)) as bytes,
           max(s.created_at) as moved_at
    from "{schema}"."_dlt_pipeline_state" s group by s.pipeline_name order by s.pipeline_name"""


def prune_states(warehouse: Warehouse, schema: str, pipeline: str) -> None:
    """Delete what is older than the last hundred states of a pipeline."""
    if _TABLE not in warehouse.tables(schema):
        return
    oldest = _OLDEST_KEPT.format(schema=schema, kept=_KEPT)
    older = f"where pipeline_name = ? and _dlt_load_id < ({oldest})"
    table = f'"{schema}"."{_TABLE}"'
    if warehouse.query(f"select 1 from {table} {older} limit 1", [pipeline, pipeline]):
        with warehouse.transaction() as execute:
            execute(f"delete from {table} {older}", [pipeline, pipeline])


def state_sizes(warehouse: Warehouse, schema: str) -> list[dict[str, Any]]:
    """Per pipeline: states kept, bytes of the largest, when it moved last (UTC)."""
    if _TABLE not in warehouse.tables(schema):
        return []
    rows: list[dict[str, Any]] = warehouse.arrow(_SIZES.format(schema=schema)).to_pylist()
    return rows


def cursors_of(warehouse: Warehouse, schema: str, pipeline: str, tenant: str) -> dict[str, Any]:
    """The cursors that the next run would start from; empty before the first."""
    if _TABLE not in warehouse.tables(schema):
        return {}
    from dlt.common.versioned_state import decompress_state

    rows = warehouse.query(_NEWEST.format(schema=schema), [pipeline])
    state: Any = decompress_state(rows[0][0]) if rows else {}
    tenants = state.get("sources", {}).get(schema, {}).get("tenants", {})
    return dict(tenants.get(tenant, {}))

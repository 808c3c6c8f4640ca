"""A rule: a query for the keys that break it, and what to do when there are any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..destinations import Warehouse
from .findings import BROKEN, Finding

SHOWN = 5
SYNC_AGAIN = "`social sync` reads them again; if the finding stays, `social sync --full-refresh`."


@dataclass(frozen=True)
class Rule:
    """`sql` gives one text per row that breaks the rule, or with `level` information one per row
    that is worth knowing. It is applied where all tables of `needs` and all `columns`
    (`table.column`, which an older version may not have made) exist, and to an empty one of
    `filled` it has nothing to say."""

    name: str
    table: str
    sql: str
    needs: tuple[str, ...] = ()
    filled: tuple[str, ...] = ()
    remedy: str = SYNC_AGAIN
    values: tuple[Any, ...] = ()
    columns: tuple[str, ...] = ()
    level: str = BROKEN

    def applies(self, warehouse: Warehouse, schema: str, there: set[str]) -> bool:
        """Whether the warehouse holds what the rule speaks of."""
        if not there.issuperset((self.table, *self.needs, *self.filled)):
            return False
        made = warehouse.tables(schema)
        named = (column.split(".") for column in self.columns)
        if not all(name in made[table] for table, name in named):
            return False
        looks = (f'select 1 from "{schema}"."{name}" limit 1' for name in self.filled)
        return all(warehouse.query(sql) for sql in looks)

    def apply(self, warehouse: Warehouse, provider: str) -> list[Finding]:
        """One finding, or none."""
        sql = self.sql.format(schema=f'"{provider}"')
        counted = f"select broken.*, count(*) over () from ({sql}) broken limit {SHOWN}"
        rows = warehouse.query(counted, self.values)
        if not rows:
            return []
        examples = [str(row[0]) for row in rows]
        found = (self.table, rows[0][-1], examples, self.remedy, self.level)
        return [Finding(provider, self.name, *found)]

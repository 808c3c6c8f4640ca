"""What a warehouse should hold: the truths of every moment at which it was synced, united.

A row that the sandbox does not show any more stays: an audience that was captured anew, a comment
beyond the newest fifty, a post that was deleted. What is shown at several moments counts as shown
last, unless an older observation of it came later. What a narrower plan hides counts as shown
before.
"""

from typing import Any

import httpx

from oracle.mapping import FIGURES, NEWEST_ONLY, PROVIDERS, Key, Row, canonical


class Truth:
    """Rows by table and key, and which of them were shown at the last moment."""

    def __init__(
        self, url: str, tier: str = "full", provider: str = "tokportal", tenant: str = "default"
    ) -> None:
        self._http = httpx.Client(base_url=url, timeout=120)
        self.tier, self.tenant = tier, tenant
        self.provider, self.tables = provider, PROVIDERS[provider]
        self._path = "/_sandbox/truth" if provider == "tokportal" else f"/_sandbox/truth/{provider}"
        self.rows: dict[str, dict[Key, Row]] = {table: {} for table in self.tables}
        self.shown: dict[str, set[Key]] = {table: set() for table in self.tables}

    def observe(self) -> None:
        """Take the present moment in, as the plan shows it."""
        for table, (name, key) in self.tables.items():
            seen_by = {"tier": self.tier, "tenant": self.tenant}
            answer = self._http.get(f"{self._path}/{name}", params=seen_by)
            served = [self._row(row) for row in answer.raise_for_status().json()]
            now = {tuple(row[column] for column in key): row for row in served}
            assert len(now) == len(served), f"the truth of {table} repeats a key"
            before = {} if table in NEWEST_ONLY else self.rows[table]
            self.rows[table] = before | {k: self._kept(before.get(k), r) for k, r in now.items()}
            self.shown[table] = set(now)

    def of(self, table: str, **where: Any) -> list[Row]:
        """Rows of a table with these values."""
        rows = self.rows[table].values()
        return [r for r in rows if all(r[name] == value for name, value in where.items())]

    def _row(self, served: Row) -> Row:
        return {column: canonical(column, value) for column, value in served.items()}

    def _kept(self, before: Row | None, now: Row) -> Row:
        if before is None:
            return now
        if (before.get("captured_at") or 0) > (now.get("captured_at") or 0):
            return before
        if self.tier == "full":
            return now
        # Figures that a plan hides stay with the observation that they were measured in.
        same = before.get("captured_at") == now.get("captured_at")
        kept = now.keys() if same else now.keys() - FIGURES
        return {c: before.get(c) if now[c] is None and c in kept else now[c] for c in now}

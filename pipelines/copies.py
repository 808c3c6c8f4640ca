"""Where `publish` and `report` wrote data of a warehouse: a small file beside it.

`social forget` reads it, because a copy that nobody remembers keeps what was erased.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from .destinations import Destination


class Copies:
    """The list of one warehouse: `published` (DuckDB file to Parquet folder, or None) and
    `reports`."""

    def __init__(self, place: Destination) -> None:
        self.path = place.folder / f".{place.name}.copies.json"
        content: dict[str, Any] = {}
        with suppress(OSError, ValueError):
            content = json.loads(self.path.read_text())
        self.published: dict[str, str | None] = dict(content.get("published") or {})
        self.reports: list[str] = list(content.get("reports") or [])

    def add_published(self, output: Path, parquet: Path | None) -> None:
        folder = str(parquet) if parquet else self.published.get(str(output))
        if self.published.get(str(output), "") != folder:
            self.published[str(output)] = folder
            self._write()

    def add_report(self, path: Path) -> None:
        if str(path.resolve()) not in self.reports:
            self.reports.append(str(path.resolve()))
            self._write()

    def drop_reports(self) -> list[str]:
        """Delete the reports that are still there. Returns their paths."""
        there = [path for path in self.reports if Path(path).exists()]
        for path in there:
            Path(path).unlink()
        self.reports = []
        self._write()
        return there

    def _write(self) -> None:
        content = {"published": self.published, "reports": self.reports}
        half = self.path.with_name(f"{self.path.name}.half")
        with suppress(OSError):  # the copy itself is made; only its note is missing
            half.write_text(json.dumps(content, indent=1))
            half.replace(self.path)

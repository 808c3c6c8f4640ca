"""Findings for people: a table on stdout."""

from __future__ import annotations

from collections.abc import Sequence

from .findings import Finding


def print_findings(findings: Sequence[Finding]) -> None:
    """Broken rules first, each with its remedy; then what is only worth knowing."""
    from rich.table import Table as Grid

    from ..terminal import PlainConsole

    console = PlainConsole()
    broken = [finding for finding in findings if finding.broken]
    if broken:
        grid = Grid("provider", "rule that is broken", "rows", "which", "what to do")
        for f in broken:
            grid.add_row(f.provider, f.rule, f"{f.rows:,}", f.shown, f.remedy)
        console.print(grid)
    told = [finding for finding in findings if not finding.broken]
    if told:
        grid = Grid("provider", "worth knowing", "count", "figures")
        for f in told:
            grid.add_row(f.provider, f.rule, f"{f.rows:,}", f.shown)
        console.print(grid)

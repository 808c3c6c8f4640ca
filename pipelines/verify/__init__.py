"""`social verify`: the warehouse proves itself. Provider tables are only read.

Most rules follow from the declarations; the rest compare places that must say the same. What cannot
be told from a right warehouse without the provider is asked with `--live`, or said in the README.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import sources

from ..destinations import Destination, Warehouse
from ..exits import Exit, Stop
from . import completeness, cursors, declared, expected, figures, live, payloads
from .disagreement import disagreements
from .findings import VERIFY_FINDINGS, Finding, store

__all__ = ["VERIFY_FINDINGS", "Finding", "VerifyResult", "verify"]


@dataclass
class VerifyResult:
    """Rules that were applied, and what they found; `not_stored`: why findings are no rows."""

    run_id: str
    rules: int = 0
    findings: list[Finding] = field(default_factory=list)
    requests: int = 0
    not_stored: str | None = None

    @property
    def broken(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.broken]

    @property
    def exit_code(self) -> Exit:
        return Exit.CHECK_FAILED if self.broken else Exit.OK

    def as_json(self) -> dict[str, Any]:
        return {
            "run_id": self.run_id,
            "exit_code": int(self.exit_code),
            "rules": self.rules,
            "requests": self.requests,
            "findings": [vars(finding) for finding in self.broken],
            "information": [vars(f) for f in self.findings if not f.broken],
        }

    def last_line(self) -> str:
        said = f"{self.rules:,} rules applied, {len(self.broken)} broken"
        if self.requests:
            said += f", {self.requests} requests"
        return f"{said}. {self.not_stored or ''}".strip()


@dataclass(frozen=True)
class VerifyRequest:
    """What was asked on the command line. `each`: also what each account has, at a request each."""

    live: bool = False
    each: bool = False


def verify(place: Destination, run_id: str, request: VerifyRequest) -> VerifyResult:
    """Apply every rule and keep what they find. Raises Stop when there is no warehouse."""
    result = VerifyResult(run_id)
    with place.reading() as warehouse:
        warehouse.spare_memory()
        for provider in sources.names():
            there = set(warehouse.tables(provider))
            for found in _findings(warehouse, provider, there):
                result.rules += 1
                result.findings += found
        result.findings += disagreements(warehouse)
        if request.live:
            for found, requests in live.compare(warehouse, each=request.each):
                result.rules += 1
                result.findings += found
                result.requests += requests
    try:
        store(place, run_id, result.findings)
    except Stop as stop:
        result.not_stored = f"Findings were not stored: {stop.message}."
    return result


def _findings(warehouse: Warehouse, provider: str, there: set[str]) -> Iterator[list[Finding]]:
    """What each applied rule found."""
    rules = chain.from_iterable(m.rules(provider) for m in (declared, completeness, figures))
    for rule in rules:
        if rule.applies(warehouse, provider, there):
            yield rule.apply(warehouse, provider)
    for module in (cursors, expected, payloads):
        for _, found in module.check(warehouse, provider, there):
            yield found

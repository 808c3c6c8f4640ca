"""Which client and campaign an `external_ref` belongs to, by the user's own rules.

TokPortal has no sub-accounts (developers.tokportal.com/use-cases/industry/agencies): agencies put
their own names into `external_ref`, and this mapping turns them into columns to report by.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Row = dict[str, Any]

_FIELDS = ("pattern", "client", "campaign")
_CAPTURED = re.compile(r"\{([1-9])\}")


@dataclass(frozen=True)
class ClientRule:
    """`*` in the pattern stands for any text. `{1}` in client or campaign is what the first `*`
    stands for, `{2}` the second. The whole reference has to match, letter case included."""

    pattern: str
    client: str
    campaign: str | None = None

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        parts = (re.escape(part) for part in self.pattern.split("*"))
        return re.compile("(.*)".join(parts), re.DOTALL)

    def client_of(self, external_ref: str) -> tuple[str, str | None] | None:
        """Client and campaign of a reference; None when it does not match."""
        match = self._expression.fullmatch(external_ref)
        if match is None:
            return None
        campaign = _filled(self.campaign, match) if self.campaign is not None else None
        return _filled(self.client, match), campaign


def parse_clients(text: str) -> tuple[ClientRule, ...]:
    """The rules of a clients.toml, in order. Raises ValueError naming the wrong rule and why."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"clients.toml is not TOML: {error}") from None
    if unknown := sorted(set(content) - {"clients"}):
        raise ValueError(f"clients.toml: {unknown[0]!r} is not known; rules stand in [[clients]]")
    rules = content.get("clients", [])
    if not isinstance(rules, list):
        raise ValueError("clients.toml: rules stand in [[clients]], with two brackets")
    return tuple(_rule(number, rule) for number, rule in enumerate(rules, 1))


def _rule(number: int, said: Any) -> ClientRule:
    place = f"clients.toml, rule {number}"
    if not isinstance(said, dict):
        raise ValueError(f"{place}: not a table; rules stand in [[clients]]")
    if unknown := sorted(set(said) - set(_FIELDS)):
        raise ValueError(f"{place}: {unknown[0]!r} is not known; there is {', '.join(_FIELDS)}")
    for name in ("pattern", "client"):
        if not isinstance(said.get(name), str) or not said[name]:
            raise ValueError(f"{place}: {name} is missing or not a text")
    if not isinstance(said.get("campaign", ""), str):
        raise ValueError(f"{place}: campaign is not a text")
    rule = ClientRule(**said)
    _check_captures(place, rule)
    return rule


def _check_captures(place: str, rule: ClientRule) -> None:
    stars = rule.pattern.count("*")
    for name in ("client", "campaign"):
        for number in _CAPTURED.findall(getattr(rule, name) or ""):
            if int(number) > stars:
                raise ValueError(
                    f"{place}: {name} speaks of {{{number}}}, the pattern has {stars} *"
                )


def _filled(template: str, match: re.Match[str]) -> str:
    return _CAPTURED.sub(lambda found: match.group(int(found[1])), template)


def client_rows(rules: Sequence[ClientRule], references: Iterable[str]) -> Iterator[Row]:
    """One row of `clients` per reference: the first rule that matches it decides."""
    for reference in references:
        yield _client_row(rules, reference)


def _client_row(rules: Sequence[ClientRule], ref: str) -> Row:
    for rule in rules:
        if (found := rule.client_of(ref)) is not None:
            client, campaign = found
            row = {"client": client, "campaign": campaign, "pattern": rule.pattern}
            return {"external_ref": ref, **row}
    return {"external_ref": ref, "client": None, "campaign": None, "pattern": None}

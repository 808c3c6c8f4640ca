"""The rules of `.dlt/clients.toml` against the posts in the warehouse: what each of them catches.

`social transform` counts the rules as the last sync stored them, because the marts are built from
these. `social clients check` applies the rules of a file that need not be in use yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sources

from .destinations import Destination, Warehouse
from .exits import Exit, Stop, usage
from .settings import clients_file

_EXAMPLES = 5  # references of uncaught posts that are named


@dataclass(frozen=True)
class RuleCoverage:
    """A rule and the number of posts that it catches."""

    pattern: str
    client: str
    posts: int

    @property
    def line(self) -> str:
        return f"{self.posts:>9,} posts  {self.pattern}  ({self.client})"


@dataclass(frozen=True)
class ClientCoverage:
    """What all rules catch. `unmatched`: the references of most posts that no rule matches.

    `outdated`: the file has other rules than those that the last sync stored.
    """

    rules: Sequence[RuleCoverage]
    uncaught_posts: int
    posts_without_reference: int
    unmatched: Sequence[str]
    outdated: bool = False

    @property
    def idle_rules(self) -> list[RuleCoverage]:
        """Rules that catch no post."""
        return [rule for rule in self.rules if not rule.posts]

    def lines(self) -> list[str]:
        """Counts, then warnings, for people."""
        uncaught = f"{self.uncaught_posts:>9,} posts  caught by no rule"
        if self.posts_without_reference:
            uncaught += f"; {self.posts_without_reference:,} of them have no reference"
        if self.unmatched:
            uncaught += f"; references: {', '.join(map(repr, self.unmatched))}"
        warnings = [
            f"WARN  rule {rule.pattern!r} ({rule.client}) catches no post. Correct its pattern or"
            " move it above the rule that catches its posts."
            for rule in self.idle_rules
        ]
        if self.outdated:
            warnings.append(
                "WARN  clients.toml has changed since the last sync. The marts use the stored"
                " rules until `social sync` has run."
            )
        return [*(rule.line for rule in self.rules), uncaught, *warnings]

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "idle_rules": [rule.pattern for rule in self.idle_rules]}


def stored_coverage(warehouse: Warehouse) -> ClientCoverage | None:
    """What the rules caught as the last sync stored them. None where there are no rules."""
    path = clients_file()
    if not path.exists():
        return None
    return _coverage(warehouse, _parse(path), stored=True)


def check_file(place: Destination, path: Path | None = None) -> ClientCoverage:
    """What the rules of a file would catch, by default those of `.dlt/clients.toml`.

    Raises Stop: usage (2) for a file that is missing or wrong, exit 6 without a warehouse.
    """
    chosen = path or clients_file()
    if not chosen.is_file():
        raise usage(f"there is no file {chosen}", "Copy .dlt/example.clients.toml and edit it.")
    rules = _parse(chosen)
    if not place.exists():
        missing = f"there is no warehouse at {place.target} yet"
        raise Stop(Exit.DESTINATION, missing, "Run `social sync`.")
    with place.reading() as warehouse:
        found = _coverage(warehouse, rules, stored=False)
    if found is None:
        raise Stop(Exit.DESTINATION, "the warehouse has no posts yet", "Run `social sync`.")
    return found


def _parse(path: Path) -> Sequence[Any]:
    """The rules of a file. Raises Stop (usage) naming the wrong rule."""
    rules: list[Any] = []
    for provider in _with_rules():
        try:
            rules += provider.parse_clients(path.read_text())
        except (OSError, UnicodeDecodeError) as error:
            raise usage(f"{path} cannot be read: {error}", "Save it as UTF-8.") from None
        except ValueError as error:
            raise usage(str(error), f"Correct {path}.") from None
    return rules


def _coverage(warehouse: Warehouse, rules: Sequence[Any], *, stored: bool) -> ClientCoverage | None:
    """`stored`: by the patterns in the warehouse, else by these rules."""
    caught: Counter[str | None] = Counter()
    without, unmatched, outdated, synced = 0, [], False, False
    for provider in _with_rules():
        if "clients" not in warehouse.tables(provider.__name__.rpartition(".")[2]):
            continue
        synced = True
        for reference, stored_pattern, posts in warehouse.query(provider.POST_REFERENCES):
            applied = _pattern_of(rules, reference)
            pattern = stored_pattern if stored else applied
            outdated = outdated or (stored and stored_pattern != applied)
            caught[pattern] += posts
            without += posts if reference is None else 0
            if pattern is None and reference is not None:
                unmatched.append(reference)
    if not synced:
        return None
    # Popped, so that a second rule with the same pattern counts as one that catches nothing.
    uncaught = caught.pop(None, 0)
    counts = [
        RuleCoverage(rule.pattern, rule.client, caught.pop(rule.pattern, 0)) for rule in rules
    ]
    return ClientCoverage(counts, uncaught, without, unmatched[:_EXAMPLES], outdated)


def _pattern_of(rules: Sequence[Any], reference: str | None) -> str | None:
    if reference is None:
        return None
    return next((rule.pattern for rule in rules if rule.client_of(reference)), None)


def _with_rules() -> list[Any]:
    """Providers whose references the rules map."""
    found = (sources.get(name) for name in sources.names())
    return [provider for provider in found if hasattr(provider, "parse_clients")]

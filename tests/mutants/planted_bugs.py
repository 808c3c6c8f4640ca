"""Planted bugs: one file each in planted/, as README.md of this folder describes."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PLANTED = Path(__file__).resolve().parent / "planted"


@dataclass(frozen=True)
class Mutant:
    """A change of one file that breaks `promise`, and the tests that should notice."""

    name: str
    file: str
    promise: str
    before: str
    after: str
    tests: tuple[str, ...]

    def apply_to(self, text: str) -> str:
        """The changed text. Raises ValueError where `before` does not occur exactly once."""
        found = text.count(self.before)
        if found != 1:
            raise ValueError(f"{self.name}: its text occurs {found} times in {self.file}")
        return text.replace(self.before, self.after)


def mutants() -> Iterator[Mutant]:
    """All of them, by name. Raises KeyError or ValueError for a file that is not complete."""
    for path in sorted(PLANTED.glob("*.toml")):
        described = tomllib.loads(path.read_text())
        yield Mutant(
            path.stem,
            described["file"],
            described["promise"],
            described["before"].rstrip("\n"),
            described["after"].rstrip("\n"),
            tuple(described["tests"]),
        )

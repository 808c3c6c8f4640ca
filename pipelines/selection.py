"""`-s tokportal.comments,genviral -x …`: which streams a run is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sources

from .exits import usage


@dataclass(frozen=True)
class Selection:
    """The streams of each provider."""

    chosen: dict[str, frozenset[str]]

    @property
    def providers(self) -> list[str]:
        """In the order of asking: who follows the posts of others comes after them."""
        named = [name for name, streams in self.chosen.items() if streams]
        return sorted(named, key=lambda name: getattr(sources.get(name), "FOLLOWS_OTHERS", False))

    def streams(self, provider: str) -> frozenset[str]:
        return self.chosen[provider]


def select(wanted: Sequence[str], unwanted: Sequence[str]) -> Selection:
    """The selection of the two flags. Raises Stop (usage) for a name that nothing has."""
    chosen: dict[str, set[str]] = {name: set() for name in sources.names()}
    for word in _words(wanted) or sources.names():
        provider, streams = _resolve(word)
        chosen[provider] |= streams
    for word in _words(unwanted):
        provider, streams = _resolve(word)
        chosen[provider] -= streams
    selection = Selection({name: frozenset(streams) for name, streams in chosen.items()})
    if not selection.providers:
        raise usage("nothing is left to sync", "Select more, or exclude less.")
    return selection


def _words(flags: Sequence[str]) -> list[str]:
    return [word.strip() for flag in flags for word in flag.split(",") if word.strip()]


def _resolve(word: str) -> tuple[str, set[str]]:
    provider, _, name = word.partition(".")
    if provider not in sources.names():
        raise usage(f"no provider is called {provider!r}", f"Known: {', '.join(sources.names())}.")
    known = sources.get(provider).STREAMS
    if not name:  # streams that cost much and add little are asked only by name
        return provider, set(known) - sources.get(provider).OPTIONAL_STREAMS
    # A table's name selects the streams that fill it: nobody needs to know our words for them.
    named = {name} if name in known else set()
    streams = named or {s for s, tables in known.items() if any(t.name == name for t in tables)}
    if not streams:
        raise usage(
            f"{provider} has no stream called {name!r}", f"Known: {', '.join(sorted(known))}."
        )
    return provider, streams

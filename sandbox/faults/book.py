"""Planted faults: each says which requests it hits, how often, and what happens to them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final
from urllib.parse import parse_qsl

from sandbox.providers import PROVIDERS, TOKPORTAL
from sandbox.world.chance import dice

KINDS: Final = {
    # instead of the answer
    *("status", "empty_object", "html", "error_200", "null_data", "redirect"),
    *("gzip_bomb", "deep_json", "replace"),
    # the question, before it is answered
    *("older", "repeat_page", "shift_page"),
    # the answer, before it is sent
    *("cut_json", "patch", "empty_rows", "short_rows", "swap_account"),
    # the sending
    *("truncate", "reset", "slow", "drip"),
}
_REQUIRED: Final = {"patch": {"patches"}, "replace": {"body"}, "shift_page": {"by"}}


@dataclass(slots=True)
class Fault:
    """One planted fault. `path` must match the whole path below the provider's base URL."""

    id: int
    provider: str
    kind: str
    path: re.Pattern[str]
    method: str | None
    query: dict[str, re.Pattern[str]]
    times: int | None
    skip: int
    probability: float
    options: dict[str, Any]
    draw: Random
    hits: int = 0
    passed: int = 0

    def strikes(self, provider: str, method: str, path: str, query: list[tuple[str, str]]) -> bool:
        """Whether this request is hit; counts it when it is."""
        if not self._matches(provider, method, path, query) or self.times == self.hits:
            return False
        if self.passed < self.skip:
            self.passed += 1
            return False
        if self.draw.random() >= self.probability:
            return False
        self.hits += 1
        return True

    def _matches(self, provider: str, method: str, path: str, query: list[tuple[str, str]]) -> bool:
        return (
            self.provider == provider
            and self.method in (None, method)
            and self.path.fullmatch(path) is not None
            and all(
                any(key == name and pattern.fullmatch(value) for key, value in query)
                for name, pattern in self.query.items()
            )
        )

    def describe(self) -> dict[str, Any]:
        """The fault as it was planted, and how often it hit."""
        return {
            "id": self.id,
            "provider": self.provider,
            "kind": self.kind,
            "path": self.path.pattern,
            "method": self.method,
            "query": {name: pattern.pattern for name, pattern in self.query.items()},
            "times": self.times,
            "skip": self.skip,
            "probability": self.probability,
            **self.options,
            "hits": self.hits,
        }


@dataclass(slots=True)
class FaultBook:
    """The planted faults, in the order they were planted."""

    seed: int
    _faults: list[Fault] = field(default_factory=list)
    _numbered: int = 0

    def __bool__(self) -> bool:
        """Whether any fault is planted."""
        return bool(self._faults)

    def plant(self, spec: Mapping[str, Any]) -> Fault:
        """Add a fault from its JSON form."""
        rest = dict(spec)
        kind = rest.pop("kind", None)
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(sorted(KINDS))}, not {kind!r}")
        provider = rest.pop("provider", TOKPORTAL.name)
        if provider not in PROVIDERS:
            raise ValueError(f"provider must be one of {', '.join(PROVIDERS)}, not {provider!r}")
        missing = _REQUIRED.get(kind, set()) - rest.keys()
        if missing:
            raise ValueError(f"{kind} needs {', '.join(missing)}")
        self._numbered += 1
        fault = Fault(
            id=self._numbered,
            provider=provider,
            kind=kind,
            path=re.compile(rest.pop("path", ".*")),
            method=rest.pop("method", None),
            query={name: re.compile(text) for name, text in rest.pop("query", {}).items()},
            times=rest.pop("times", None),
            skip=rest.pop("skip", 0),
            probability=rest.pop("probability", 1.0),
            options=rest,
            draw=dice(self.seed, "fault", self._numbered),
        )
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Remove every fault."""
        self._faults.clear()

    def strike(self, provider: str, method: str, path: str, raw_query: str) -> list[Fault]:
        """The faults that hit this request to a provider."""
        if not self._faults:
            return []
        query = parse_qsl(raw_query, keep_blank_values=True)
        return [one for one in self._faults if one.strikes(provider, method, path, query)]

    def describe(self) -> list[dict[str, Any]]:
        """Every fault with its hits."""
        return [fault.describe() for fault in self._faults]


def read_fault(text: str) -> dict[str, Any]:
    """A fault from the command line: `kind:path_regex[:times]`, also with `=` after the kind.

    A number for the kind is a status: `500:/analytics/accounts/.*:3`. Another provider than
    TokPortal stands before it: `genviral/500:/accounts`.
    """
    before, _, rest = _split_kind(text)
    provider, _, kind = before.rpartition("/")
    path, _, times = rest.rpartition(":")
    if not (path and times.isdigit()):
        path, times = rest, ""
    spec: dict[str, Any] = {
        "provider": provider or TOKPORTAL.name,
        "path": path or ".*",
        "times": int(times) if times else None,
    }
    return {
        **spec,
        **({"kind": "status", "status": int(kind)} if kind.isdigit() else {"kind": kind}),
    }


def read_faults(texts: Iterable[str]) -> list[dict[str, Any]]:
    """Several faults from the command line."""
    return [read_fault(text) for text in texts]


def _split_kind(text: str) -> tuple[str, str, str]:
    cut = re.search(r"[:=]", text)
    return (text[: cut.start()], cut[0], text[cut.end() :]) if cut else (text, "", "")

"""The shape of every refresh: what is found out about each thing, what is sent, how it ended."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from sources.http.errors import CredentialsRefused, Fatal, ProviderError, Retriable, TryLater

from .exits import Exit, gravest

RowType = TypeVar("RowType")
_NEVER = datetime.fromtimestamp(0, UTC)
# What is there now or comes by itself; what a limit of the user's own holds back is no failure.
_FINE = frozenset({"asked", "captured", "fresh", "conflict"})
_CHOSEN = frozenset({"over_limit"})
_ONLY_TIME_HELPS = frozenset(
    {"cooldown", "quota", "unknown", "not_asked", "no_credits", "over_budget", "rate_limited"}
)


@dataclass
class Row:
    """One account, target or post. `outcome` goes from `new` to `ready` to `asked` to `captured`.

    Or it ends at `cooldown`, `quota`, `rate_limited`: not yet; `over_limit`, `over_budget`: beyond
    --max-accounts or --max-credits; `needs_budget`: it costs credits, and none were allowed;
    `no_credits`: the account has too few; `refused`: not at all; `conflict`: somebody else's
    refresh runs; `fresh`: nothing newer to measure; `failed`: the provider tried in vain;
    `unknown`: the answer was lost and nothing tells what became of it; `not_asked`: never taken.
    `status` is the provider's own word. `sent`: the POST left.
    """

    name: str
    tenant: str | None = None
    outcome: str = "new"
    status: str | None = None
    message: str = ""
    sent: bool = False

    @property
    def done(self) -> bool:
        """Something new is there, or shortly will be."""
        return self.outcome in _FINE

    @property
    def pending(self) -> bool:
        """New figures are still awaited."""
        return self.outcome in ("asked", "conflict")

    def end(self, outcome: str, message: str = "") -> None:
        self.outcome, self.message = outcome, message

    def detail(self) -> str:
        """What a person wants to know besides the outcome."""
        return self.message

    def line(self) -> str:
        return f"{self.name}  {self.outcome:<10}  {self.detail()}".rstrip()

    def as_json(self) -> dict[str, Any]:
        return {
            "tenant": self.tenant,
            "outcome": self.outcome,
            "status": self.status,
            "sent": self.sent,
            "message": self.message or None,
        }


class Refresh(ABC):
    """One provider's refresh, from the first question to the result. `things`: what it counts."""

    things: str
    first_pause, longest_pause = 1.0, 30.0  # seconds between two looks

    @property
    @abstractmethod
    def rows(self) -> Sequence[Row]: ...

    @property
    def ready(self) -> list[Any]:
        """Those that will be sent."""
        return [row for row in self.rows if row.outcome == "ready"]

    @property
    def awaited(self) -> list[Any]:
        """Those worth another look."""
        return [row for row in self.rows if row.pending]

    @contextmanager
    def prepared(self) -> Iterator[None]:
        """What has to be held while it is planned and sent."""
        yield

    @abstractmethod
    async def ask(self) -> None:
        """Learn what may be refreshed, and its price. Changes nothing."""

    @abstractmethod
    def sentence(self) -> str:
        """Count, price and what is left, before anything is sent."""

    @abstractmethod
    async def send(self) -> None:
        """Send what is ready, each once."""

    @abstractmethod
    async def look(self) -> None:
        """One look at each that is awaited."""

    @abstractmethod
    def result(self) -> RefreshResult: ...


def counted(rows: Sequence[Row], things: str) -> str:
    """How many are to be refreshed, and how many not, and why."""
    others = Counter(row.outcome for row in rows if row.outcome != "ready")
    held_back = ", ".join(f"{count} {outcome}" for outcome, count in sorted(others.items()))
    ready = sum(row.outcome == "ready" for row in rows)
    return f"{ready} of {len(rows)} {things} to refresh" + (f" ({held_back})" if held_back else "")


def longest_unmeasured_first(
    rows: Iterable[RowType], measured_at: Callable[[RowType], datetime | None]
) -> list[RowType]:
    """Rows in the order in which a limit takes them: never measured, then the oldest measurement.
    Ties keep the provider's order."""
    return sorted(rows, key=lambda row: measured_at(row) or _NEVER)


def cut(rows: Iterable[Row], outcome: str, limit: int | None, message: str = "") -> None:
    """All but the first `limit` are held back; None: no limit."""
    if limit is not None:
        for row in list(rows)[limit:]:
            row.end(outcome, message)


@dataclass
class RefreshResult:
    """How it ended. `fatal`: what ended it for a key. `facts`: price and allowance, for --json.

    `following`: the command that brings the new figures. `flag`: what has to be given for those
    that need it. `free_again`: what costs credits today is free another day.
    """

    provider: str
    things: str
    rows: Sequence[Row]
    fatal: Sequence[Fatal] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    following: str | None = None
    flag: str = ""
    free_again: bool = False

    @property
    def next_command(self) -> str | None:
        return self.following if any(row.done for row in self.rows) else None

    def exit_code(self, *, waited: bool) -> Exit:
        """0 done; 3 some refused; 4 key; 5 when only time or credits help, also an unseen
        capture; 2 when nothing was sent for want of a budget."""
        codes = [judge(error)[0] for error in self.fatal]
        held_back = [row for row in self.rows if not row.done and row.outcome not in _CHOSEN]
        if held_back:
            nothing_done = not any(row.done for row in self.rows)
            codes.append(self._code_of({row.outcome for row in held_back}, nothing_done))
        if waited and any(row.pending for row in self.rows):
            codes.append(Exit.TRY_LATER)
        return gravest(codes)

    def _code_of(self, outcomes: set[str], nothing_done: bool) -> Exit:
        helps = _ONLY_TIME_HELPS | ({"needs_budget"} if self.free_again else set())
        if nothing_done and outcomes <= helps:
            return Exit.TRY_LATER
        if nothing_done and outcomes == {"needs_budget"}:
            return Exit.USAGE
        return Exit.PARTIAL

    def as_json(self, code: Exit) -> dict[str, Any]:
        return {
            "command": "refresh",
            "provider": self.provider,
            "exit_code": int(code),
            **self.facts,
            "posts_sent": sum(row.sent for row in self.rows),
            self.things: [row.as_json() for row in self.rows],
            "errors": [{"code": error.code, "message": error.message} for error in self.fatal],
            "next": self.next_command,
        }

    def last_line(self) -> str:
        counts = Counter(row.outcome for row in self.rows)
        said = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
        parts = [f"{said or f'no {self.things}'}."]
        if self.fatal:
            parts.append(f"{self.fatal[0].message}. {self.fatal[0].remedy}")
        if counts["unknown"]:
            parts.append("What lost its answer is not sent again.")
        if counts["needs_budget"]:
            parts.append(f"Those that cost credits need {self.flag}.")
        if self.next_command:
            parts.append(f"Next: {self.next_command}")
        return " ".join(parts)


def instant(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def judge(error: ProviderError) -> tuple[Exit, str, str]:
    """Exit code, message and remedy of an error that ends an acting command."""
    if isinstance(error, CredentialsRefused):
        return Exit.CREDENTIALS, error.message, error.remedy
    if isinstance(error, TryLater | Retriable):
        return Exit.TRY_LATER, error.message, error.remedy
    return Exit.PARTIAL, error.message, error.remedy

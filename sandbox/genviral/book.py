"""What was done with Genviral while the sandbox runs: refreshes, credits, edits of a test."""

from dataclasses import dataclass, field
from typing import Final

from sandbox.world.chance import DAY, HOUR, uuid_of
from sandbox.world.posts import Post

CREDIT_LIMIT: Final = 500
_USED_BEFORE: Final = 37
_PER_HOUR: Final = 5


@dataclass(slots=True)
class Refresh:
    """One refresh that somebody asked for. `ends_at` is None while that is not known yet."""

    id: str
    target_id: str
    started_at: int
    free: bool
    fails: bool
    ends_at: int | None = None
    polls: int = 0

    def is_over(self, now: int) -> bool:
        """Whether it has ended, well or not."""
        return self.ends_at is not None and self.ends_at <= now

    def status(self, now: int) -> str:
        """Pending until it was asked about once, processing until it ends."""
        if self.is_over(now):
            return "failed" if self.fails else "completed"
        return "processing" if self.polls > 1 else "pending"


@dataclass(frozen=True, slots=True)
class Inserted:
    """A post that Genviral alone has, from a moment on."""

    at: int
    post: Post


@dataclass(slots=True)
class Insertion:
    """A post that is to be inserted after some more requests."""

    target_id: str
    requests_left: int


@dataclass(slots=True)
class Book:
    """Changes laid over what is seeded. `version` moves with each that changes rows."""

    seed: int
    version: int = 0
    credits: int = CREDIT_LIMIT - _USED_BEFORE
    failing: int = 0
    refreshes: dict[str, Refresh] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    renamed: dict[str, str] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    deleted_created: set[str] = field(default_factory=set)
    inserted: dict[str, list[Inserted]] = field(default_factory=dict)
    insertions: list[Insertion] = field(default_factory=list)

    def of_target(self, target_id: str) -> list[Refresh]:
        """Every refresh of a target that was asked for, oldest first."""
        return [one for one in self.refreshes.values() if one.target_id == target_id]

    def completed(self, target_id: str, now: int) -> int | None:
        """When the newest refresh on demand succeeded."""
        found = self.of_target(target_id) if self.refreshes else []
        ends = [one.ends_at for one in found if one.status(now) == "completed" and one.ends_at]
        return max(ends, default=None)

    def is_free(self, target_id: str, now: int) -> bool:
        """Whether this UTC day's free refresh of the target is left."""
        found = self.of_target(target_id)
        return not any(one.free and one.started_at // DAY == now // DAY for one in found)

    def asked_too_often(self, target_id: str, now: int) -> bool:
        """Whether the target was refreshed as often as an hour allows."""
        recent = [one for one in self.of_target(target_id) if one.started_at > now - HOUR]
        return len(recent) >= _PER_HOUR

    def start(self, target_id: str, now: int, *, free: bool) -> Refresh:
        """A refresh begins; it costs a credit unless it is free, also when it fails."""
        refresh_id = uuid_of(self.seed, "genviral refresh", target_id, len(self.refreshes))
        self.credits -= not free
        begun = Refresh(refresh_id, target_id, now, free, self.failing > 0)
        self.failing = max(0, self.failing - 1)
        self.refreshes[begun.id] = begun
        return begun

    def insert(self, target_id: str, one: Inserted) -> None:
        """The target has one more post."""
        self.inserted.setdefault(target_id, []).append(one)
        self.version += 1

    def due_insertions(self, target_ids: set[str]) -> list[str]:
        """Targets that get a post after this request, which was about these targets."""
        for one in self.insertions:
            one.requests_left -= one.target_id in target_ids
        due = [one.target_id for one in self.insertions if one.requests_left <= 0]
        self.insertions = [one for one in self.insertions if one.requests_left > 0]
        return due

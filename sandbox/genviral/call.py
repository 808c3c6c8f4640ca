"""One authenticated call: the moment, whose it is, and what was asked."""

from dataclasses import dataclass
from typing import Any

from sandbox.answers import ApiError
from sandbox.genviral.ordering import Orders
from sandbox.genviral.target import Target
from sandbox.genviral.tracker import Tracker
from sandbox.owner import DEFAULT, Owner
from sandbox.params import Query
from sandbox.world.chance import uuid_of


@dataclass(frozen=True, slots=True)
class Call:
    """What an endpoint needs; `number` is different for every request."""

    owner: Owner
    now: int
    args: dict[str, str]
    query: Query
    later: bool
    number: int
    orders: Orders

    @property
    def tracker(self) -> Tracker:
        """What Genviral knows of the owner's accounts."""
        return self.owner.genviral

    @property
    def workspace_id(self) -> str | None:
        """The key's workspace; keys of other owners than the default one are personal."""
        return workspace_of(self.owner)

    @property
    def user_id(self) -> str:
        """Who made the key."""
        return user_of(self.owner)

    def scope(self) -> dict[str, Any]:
        """How an answer names the key's scope."""
        return {
            "scope": "workspace" if self.workspace_id else "personal",
            "owner_user_id": self.user_id,
            "workspace_id": self.workspace_id,
        }

    def target(self) -> Target:
        """The target in the path, or 404."""
        target = self.tracker.target(self.args["id"], self.now)
        if target is None:
            raise ApiError(404, "not_found", "Analytics target not found")
        return target


def workspace_of(owner: Owner) -> str | None:
    """The workspace of an owner's keys, None for personal ones."""
    label = owner.label
    return uuid_of(owner.world.seed, "genviral workspace") if label == DEFAULT else None


def user_of(owner: Owner) -> str:
    """The user behind an owner's keys."""
    return uuid_of(owner.world.seed, "genviral user")

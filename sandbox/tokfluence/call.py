"""One request to Tokfluence as its endpoint sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from sandbox.answers import ApiError
from sandbox.owner import Owner
from sandbox.params import Query
from sandbox.tokfluence.errors import missing_parameter
from sandbox.tokfluence.index import Index
from sandbox.tokfluence.subscription import Subscription

MAX_LIMIT: Final = 200
DEFAULT_LIMIT: Final = 50
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler needs; `args` are the parts of the path, `body` is what a POST sent."""

    owner: Owner
    now: int
    args: Mapping[str, str]
    query: Query
    later: bool
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def subscription(self) -> Subscription:
        """What the key's owner has at Tokfluence."""
        return self.owner.tokfluence

    @property
    def index(self) -> Index:
        """What the owner can read."""
        return self.owner.tokfluence.index

    def integer(self, name: str, default: int, low: int) -> int:
        """A whole number in the query."""
        try:
            return self.query.integer(name, default, low)
        except ApiError as error:
            raise missing_parameter(error.message) from None

    def page(self, rows: Sequence[Item]) -> tuple[Sequence[Item], int | None]:
        """The rows after `cursor`, as many as `limit`, and the next cursor; None at the end."""
        skipped = self.integer("cursor", 0, 0)
        limit = min(self.integer("limit", DEFAULT_LIMIT, 1), MAX_LIMIT)
        end = skipped + limit
        return rows[skipped:end], end if end < len(rows) else None

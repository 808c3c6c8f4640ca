"""A target: one of the world's accounts as Genviral tracks it, and when it looks at it."""

from dataclasses import dataclass, replace
from typing import Final

from sandbox.world.accounts import Account
from sandbox.world.chance import DAY, unit, uuid_of

_LEFT_OUT: Final = 0.1  # of a target's days have no refresh


@dataclass(frozen=True, slots=True)
class Target:
    """One tracked account. `favorite` is the user's own mark; `identifier` has its @."""

    id: str
    account: Account
    identifier: str
    display_name: str | None
    favorite: bool

    @property
    def normalized_identifier(self) -> str:
        """The handle as it is compared: lower case, no @."""
        return self.identifier.removeprefix("@").lower()

    @property
    def avatar_url(self) -> str | None:
        """A picture, missing for one in five."""
        missing = self.account.index % 5 == 3
        return None if missing else f"https://cdn.example.com/avatars/{self.id}.jpg"


def target_of(seed: int, account: Account, identifier: str | None) -> Target:
    """The target of an account; `identifier` is what it was renamed to."""
    return Target(
        id=uuid_of(seed, "genviral target", account.id),
        account=account,
        identifier=identifier or f"@{account.username}",
        display_name=None if account.index % 10 == 6 else account.display_name,
        favorite=account.index % 5 == 0,
    )


def scheduled_refresh(seed: int, account: Account, until: int) -> int | None:
    """The newest daily refresh up to a moment, at the target's own hour; None before the first."""
    if account.first_capture is None:
        return None
    slot = int(unit(seed, "genviral slot", account.id) * DAY)
    day = (account.thaw(until) - slot) // DAY
    while day * DAY + slot >= account.first_capture:
        if unit(seed, "genviral day", account.id, day) >= _LEFT_OUT:
            return day * DAY + slot
        day -= 1
    return None


def as_anybody_sees_it(account: Account) -> Account:
    """Genviral does not know through which connection TokPortal reads the account."""
    return replace(account, kind="steady", switched_at=None, starts_manual=False)

"""What can go wrong between us and a provider, grouped by what the caller can do about it.

ProviderError
├── Fatal                 stop this provider, keep what is committed
│   ├── CredentialsRefused    the key is wrong, revoked or has no right to read
│   ├── TryLater              the provider asks for more patience than a run has, or is down
│   └── EgressRefused         the configured address is not one a key may be sent to
│       └── CertificatesUnreadable  nobody could be trusted: the certificate authorities are missing
├── Retriable             ask again, within the retry policy
│   ├── RateLimited           429, with the provider's own hint
│   ├── ServerFault           408 and 5xx
│   ├── ConnectionFault       nothing, or only half of it, came back
│   └── BadBody               an answer that is not the JSON it should be
└── Skippable             this account or stream only; the others go on
    ├── NotInPlan             402 or 403: the key's plan or scope does not include it
    ├── NoDataYet             404 with an analytics code: nothing measured so far
    ├── NotFound              404: the thing is gone or never was ours
    ├── Refused               any other answer that asking again will not change
    └── WalkError             a page walk that repeats itself or contradicts its own totals
"""

from __future__ import annotations

from datetime import datetime
from typing import Self


class ProviderError(Exception):
    """Base of the tree. `code` is stable and lower case; `remedy` is the sentence for 3 a.m."""

    code = "provider_error"
    remedy = "Run again; if it stays, report the request id to the provider."

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        self.message = message
        self.status = status
        self.request_id = request_id
        if code:
            self.code = code.lower()
        super().__init__(message)

    def at(self, place: str) -> Self:
        """The same error with its place in front of the message."""
        self.message = f"{place}: {self.message}"
        self.args = (self.message,)
        return self


class Fatal(ProviderError):
    """Nothing more can be asked of this provider in this run."""


class CredentialsRefused(Fatal):
    """The provider does not accept the key."""

    code = "credentials_refused"
    remedy = "Put a working key in .dlt/secrets.toml (or the environment), then `social check`."


class TryLater(Fatal):
    """The provider wants a longer pause than a run should wait, or does not answer at all."""

    code = "try_later"
    remedy = "Let the next scheduled run do it; what is committed stays."

    def __init__(self, message: str, *, retry_at: datetime | None = None, **facts: object) -> None:
        self.retry_at = retry_at
        super().__init__(message, **facts)  # type: ignore[arg-type]


class EgressRefused(Fatal):
    """A key would have left for a host that was not configured, or over plain http."""

    code = "egress_refused"
    remedy = "Correct base_url: https, or http on a loopback address."


class CertificatesUnreadable(EgressRefused):
    """The certificate authorities cannot be read, so no address can be trusted."""

    code = "certificates_unreadable"

    def __init__(self, variable: str, path: str, why: str | None) -> None:
        self.remedy = (
            f"Correct {variable}, or unset it to use the authorities that come with httpx."
        )
        super().__init__(f"{variable}={path}: the certificate authorities cannot be read: {why}")


class Retriable(ProviderError):
    """Asking again may work. `wait_seconds` is the provider's own hint, None when it gave none."""

    code = "retriable"
    remedy = "The next run asks again from the same place."

    def __init__(self, message: str, *, wait_seconds: float | None = None, **facts: object) -> None:
        self.wait_seconds = wait_seconds
        super().__init__(message, **facts)  # type: ignore[arg-type]


class RateLimited(Retriable):
    """429: the key asked more than it may."""

    code = "rate_limited"


class ServerFault(Retriable):
    """The provider failed: 408 or 5xx."""

    code = "server_fault"


class ConnectionFault(Retriable):
    """The connection broke, timed out or never came about."""

    code = "connection_fault"


class BadBody(Retriable):
    """A success status with a body that is not a well-formed answer."""

    code = "bad_body"


class Skippable(ProviderError):
    """Wrong for this account or stream; the others are not touched by it."""

    code = "skippable"


class NotInPlan(Skippable):
    """The key is valid, but its plan or scope does not include this endpoint."""

    code = "not_in_plan"
    remedy = "Nothing to do, unless the plan should include it: then upgrade the key."


class NoDataYet(Skippable):
    """The provider has not measured this account or post so far."""

    code = "no_data_yet"
    remedy = "Nothing to do; it is asked again at the next run."


class NotFound(Skippable):
    """The provider does not know this id, or not under this key."""

    code = "not_found"
    remedy = "Check the id in the provider's own console; the listing decides when it is removed."


class Refused(Skippable):
    """The provider refuses the request as such; repeating it unchanged is useless."""

    code = "refused"


class WalkError(Skippable):
    """A walk over pages or windows that cannot come to a proven end."""

    code = "walk_error"
    remedy = "The next run walks again; if it stays, the provider's paging is broken."

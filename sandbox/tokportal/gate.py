"""TokPortal as an ASGI application."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Final

from sandbox.answers import Answer, ApiError
from sandbox.faults.delivery import Headers
from sandbox.faults.kinds import Question, Shape
from sandbox.faults.paging import PAGE_NUMBERS
from sandbox.gate import Asked, Gate
from sandbox.keys import Key
from sandbox.owner import Owner
from sandbox.providers import TOKPORTAL, Provider
from sandbox.state import State
from sandbox.tokportal.desk import Desk
from sandbox.tokportal.errors import error_answer
from sandbox.tokportal.headers import response_headers
from sandbox.tokportal.routes import FORBIDDEN, PUBLIC, template_of

SHAPE: Final = Shape(
    error=error_answer,
    paging=PAGE_NUMBERS,
    null_data=b'{"data":null}',
    codes=("INTERNAL_ERROR", "ERROR"),
)


class TokPortalGate(Gate):
    """The front door of /api/ext."""

    provider: ClassVar[Provider] = TOKPORTAL
    shape: ClassVar[Shape] = SHAPE

    def __init__(self, state: State) -> None:
        super().__init__(state)
        dialect = state.settings.dialect
        self._desks = {name: Desk(owner, dialect) for name, owner in state.owners.items()}

    def find_key(self, asked: Asked) -> Key | None:
        """The key in X-API-Key, or the refusal developers.tokportal.com/errors documents."""
        sent = asked.header(b"x-api-key")
        if not sent and asked.path in PUBLIC:
            return None
        if not sent:
            raise ApiError(401, "AUTH_MISSING_KEY", "Missing X-API-Key header.")
        key = self.keys.known(sent)
        if key is None:
            raise ApiError(401, "AUTH_INVALID_KEY", "Invalid API key.")
        if key.revoked:
            raise ApiError(401, "AUTH_REVOKED_KEY", "This API key has been revoked.")
        return key

    def too_fast(self, wait: int) -> ApiError:
        """The published example of a 429 has a second more in the body than outside."""
        return ApiError(
            429,
            "RATE_LIMIT_EXCEEDED",
            "Rate limit exceeded.",
            {"Retry-After": str(wait)},
            retry_after_seconds=wait + 1,
        )

    async def look_up(self, asked: Asked, bent: Question, key: Key | None) -> Answer:
        """Ask the desk of the key's owner; a GET is never waited for."""
        desk, tier = self._desks[self.owner(key).label], key.tier if key else "starter"
        if asked.method == "GET":
            return desk.answer(bent, tier)
        once = asked.header(b"idempotency-key")
        return await desk.act(asked.method, bent, tier, asked.body, once)

    def template_of(self, path: str) -> str:
        """The template a path fits, for counting."""
        return template_of(path)

    def is_forbidden(self, asked: Asked) -> bool:
        """Whether this would end an account's analytics."""
        return template_of(asked.path) in FORBIDDEN

    def strangers(self, owner: Owner, now: int) -> Iterator[Mapping[str, str]]:
        """Every account of the portfolio, by id."""
        for account in owner.world.accounts():
            yield dict.fromkeys(("account_id", "saved_account_id", "account.id"), account.id)

    def headers(self, asked: Asked, key: Key | None, answer: Answer) -> Headers:
        """Response headers, with the rate and the contract."""
        given = asked.headers.get(b"x-request-id")
        return response_headers(answer, key, asked.path, given, self.state.clock)

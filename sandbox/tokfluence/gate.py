"""Tokfluence as an ASGI application: what a request costs is taken before its work is done."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

import orjson

from sandbox.answers import Answer, ApiError
from sandbox.faults.delivery import Headers
from sandbox.faults.kinds import Question, Shape
from sandbox.faults.paging import skipping
from sandbox.gate import Asked, Gate
from sandbox.keys import Key
from sandbox.owner import Owner
from sandbox.params import Query
from sandbox.providers import TOKFLUENCE, Provider
from sandbox.tokfluence.call import DEFAULT_LIMIT, Call
from sandbox.tokfluence.errors import error_answer
from sandbox.tokfluence.later import spoken
from sandbox.tokfluence.routes import find_endpoint, is_write, template_of
from sandbox.tokfluence.wallet import Booking
from sandbox.world.chance import digest

SHAPE: Final = Shape(
    error=error_answer,
    paging=skipping("cursor", DEFAULT_LIMIT),
    null_data=b'{"data":null}',
    codes=("internal_error", "error"),
)
_SAFE_ID: Final = re.compile(r"[\x21-\x7e]{1,128}")
_UPSTREAM_FAILED: Final = 502
# A server answers these before it debits; behind the door only a fault gives them.
_TURNED_AWAY: Final = frozenset({401, 402, 409, 429})


class TokfluenceGate(Gate):
    """The front door of /v1."""

    provider: ClassVar[Provider] = TOKFLUENCE
    shape: ClassVar[Shape] = SHAPE

    def find_key(self, asked: Asked) -> Key:
        """The bearer token, or 401 (/docs/authentication)."""
        scheme, _, token = (asked.header(b"authorization") or "").partition(" ")
        key = self.keys.known(token) if scheme.lower() == "bearer" else None
        if key is None or key.revoked:
            raise ApiError(401, "unauthorized", "Missing, invalid or revoked API key.")
        return key

    def too_fast(self, wait: int) -> ApiError:
        """429 with the seconds to wait."""
        return ApiError(429, "rate_limited", "Too many requests.", {"Retry-After": str(wait)})

    def admit(self, asked: Asked, key: Key | None) -> None:
        """Take the credits, unless this request id was used before or they are too few."""
        endpoint, _ = find_endpoint(asked.method, asked.path)
        cost = endpoint.cost(_parsed(asked.body)) if endpoint else 0
        operation = endpoint.operation if endpoint else "none"
        now, request_id = self.state.clock.now, _request_id(asked)
        booking = Booking(now, operation, cost, asked.path, request_id)
        self.owner(key).tokfluence.wallet.accept(booking)

    def settle(self, asked: Asked, key: Key | None, answer: Answer) -> Answer:
        """Give the credits back when the upstream failed or the request was turned away."""
        wallet = self.owner(key).tokfluence.wallet
        if answer.status == _UPSTREAM_FAILED:
            wallet.refund(_request_id(asked), self.state.clock.now)
        elif answer.status in _TURNED_AWAY:
            wallet.cancel(_request_id(asked))
        return answer

    async def look_up(self, asked: Asked, bent: Question, key: Key | None) -> Answer:
        """The endpoint's answer in the dialect that is served."""
        later = self.state.settings.dialect == "later"
        try:
            answer = self._answer_to(asked, bent, self.owner(key), later)
        except ApiError as error:
            answer = error_answer(error)
        return spoken(template_of(bent.path), answer) if later else answer

    def template_of(self, path: str) -> str:
        """The template a path fits, for counting."""
        return template_of(path)

    def is_forbidden(self, asked: Asked) -> bool:
        """Whether this would change a campaign."""
        return is_write(asked.method, asked.path)

    def strangers(self, owner: Owner, now: int) -> Iterator[Mapping[str, str]]:
        """Every video by its id: rows name no account."""
        for video in owner.tokfluence.index.videos.all(now):
            yield {"post_id": video.id}

    def headers(self, asked: Asked, key: Key | None, answer: Answer) -> Headers:
        """Response headers with the request's id and, for a known key, the balance."""
        headers = super().headers(asked, key, answer)
        headers.append((b"x-request-id", _request_id(asked).encode()))
        if key:
            balance = self.owner(key).tokfluence.wallet.balance
            headers.append((b"x-credits-remaining", b"%d" % balance))
        return headers

    def _answer_to(self, asked: Asked, bent: Question, owner: Owner, later: bool) -> Answer:
        endpoint, args = find_endpoint(asked.method, bent.path)
        if endpoint is None and is_write(asked.method, bent.path):
            raise ApiError(403, "forbidden", "Nothing can be changed here.")
        if endpoint is None:
            raise ApiError(404, "not_found", "No such endpoint.")
        body = _parsed(asked.body)
        return endpoint.handle(Call(owner, bent.now, args, Query(bent.query), later, body))


def _request_id(asked: Asked) -> str:
    """The client's own id when it is safe to repeat, else one made for this request."""
    given = asked.header(b"x-request-id")
    if given is not None and _SAFE_ID.fullmatch(given):
        return given
    return f"req_{digest(asked.at, asked.method, asked.path, asked.query, id(asked)).hex()}"


def _parsed(body: bytes) -> Mapping[str, Any]:
    """A JSON object; what is none has no parameters."""
    try:
        sent = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        return {}
    return sent if isinstance(sent, dict) else {}

"""Genviral as an ASGI application."""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import ClassVar, Final

from sandbox.answers import Answer, ApiError
from sandbox.faults.kinds import Question, Shape
from sandbox.faults.paging import skipping
from sandbox.gate import Asked, Gate
from sandbox.genviral import envelope, later
from sandbox.genviral.call import Call
from sandbox.genviral.ordering import Orders
from sandbox.genviral.routes import changes_something, find_handler, template_of
from sandbox.keys import Key
from sandbox.owner import Owner
from sandbox.params import Query
from sandbox.providers import GENVIRAL, Provider
from sandbox.state import State

SHAPE: Final = Shape(
    error=envelope.error_answer,
    paging=skipping("offset", 50),
    null_data=b'{"ok":true,"code":200,"message":"OK","data":null}',
    codes=("internal_error", "error"),
)


class GenviralGate(Gate):
    """The front door of /api/partner/v1."""

    provider: ClassVar[Provider] = GENVIRAL
    shape: ClassVar[Shape] = SHAPE

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self._later = state.settings.dialect == "later"
        self._numbers = count()
        self._orders = Orders()

    def find_key(self, asked: Asked) -> Key | None:
        """The key in `Authorization: Bearer <public_id>.<secret>`."""
        scheme, _, sent = (asked.header(b"authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or not sent:
            raise ApiError(401, "unauthorized", "Missing API key")
        key = self.keys.known(sent.strip())
        if key is None or key.revoked:
            raise ApiError(401, "invalid_token", "Invalid or revoked API key")
        return key

    def too_fast(self, wait: int) -> ApiError:
        """No page speaks of a Retry-After, so the later dialect has none."""
        hint = {} if self._later else {"Retry-After": str(wait)}
        return ApiError(429, "rate_limited", "Too many requests in a short window", hint)

    async def look_up(self, asked: Asked, bent: Question, key: Key | None) -> Answer:
        """Ask the endpoint and say its answer in the dialect that is served."""
        handler, args = find_handler(asked.method, bent.path)
        reply = handler(self._call(bent, key, args))
        if self._later:
            reply = later.spoken(template_of(bent.path), reply)
        return envelope.answer(reply)

    def template_of(self, path: str) -> str:
        """The template a path fits, for counting."""
        return template_of(path)

    def is_forbidden(self, asked: Asked) -> bool:
        """Whether this would change something: targets are billed, posts are published."""
        return changes_something(asked.method, asked.path)

    def strangers(self, owner: Owner, now: int) -> Iterator[Mapping[str, str]]:
        """Every target, by handle and by id."""
        for one in owner.genviral.targets(now):
            yield {"accountIdentifier": one.identifier, "target_id": one.id}

    def _call(self, bent: Question, key: Key | None, args: dict[str, str]) -> Call:
        return Call(
            owner=self.owner(key),
            now=bent.now,
            args=args,
            query=Query(bent.query),
            later=self._later,
            number=next(self._numbers),
            orders=self._orders,
        )

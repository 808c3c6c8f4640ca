"""The front door of /api/ext: key, rate, faults, lookup, journal."""

import time
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final, Self

from sandbox.answers import Answer, ApiError, error_answer
from sandbox.faults.book import Fault
from sandbox.faults.delivery import Receive, Send, deliver
from sandbox.faults.kinds import Question, altered, changed_question, substitute
from sandbox.journal import Entry
from sandbox.keys import ANY_PATH, Key
from sandbox.owner import DEFAULT, Owner
from sandbox.state import State
from sandbox.tokportal.desk import Desk
from sandbox.tokportal.headers import response_headers
from sandbox.tokportal.routes import FORBIDDEN, PUBLIC, template_of

BASE_PATH: Final = "/api/ext"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came in, below the base path."""

    at: float
    method: str
    path: str
    query: str
    api_key: str | None
    request_id: bytes | None
    idempotency_key: str | None = None

    @classmethod
    def read(cls, scope: MutableMapping[str, Any]) -> Self:
        """From an ASGI scope; `at` is this machine's monotonic time."""
        given = dict(scope["headers"])
        sent = given.get(b"x-api-key")
        return cls(
            at=time.monotonic(),
            method=scope["method"],
            path=scope["path"][len(BASE_PATH) :],
            query=scope["query_string"].decode("latin-1"),
            api_key=sent.decode("latin-1") if sent else None,
            request_id=given.get(b"x-request-id"),
            idempotency_key=given[b"idempotency-key"].decode("latin-1")
            if b"idempotency-key" in given
            else None,
        )


class Gate:
    """TokPortal as an ASGI application."""

    def __init__(self, state: State) -> None:
        self._state = state
        dialect = state.settings.dialect
        self._desks = {name: Desk(owner, dialect) for name, owner in state.owners.items()}

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request and note it down."""
        asked = Asked.read(scope)
        key: Key | None = None
        early, faults = False, list[Fault]()
        try:
            if asked.api_key or asked.path not in PUBLIC:
                key = self._state.keys.find(asked.api_key)
                early = key.early(asked.path, asked.at)
                _spend(key, asked.at)
            faults = self._state.faults.strike(asked.method, asked.path, asked.query)
            answer = await self._answer(asked, key, faults, receive)
        except ApiError as error:
            answer = error_answer(error)
        if key:
            self._heed_hint(key, asked, answer)
        self._note(asked, key, early, answer, faults)
        headers = response_headers(answer, key, asked.path, asked.request_id, self._state.clock)
        await deliver(receive, send, answer, headers, faults)

    async def _answer(
        self, asked: Asked, key: Key | None, faults: list[Fault], receive: Receive
    ) -> Answer:
        """The true answer, or what the faults make of it."""
        question = Question(asked.path, asked.query, self._state.clock.now)
        bent = question
        for fault in faults:
            bent = changed_question(fault, bent)
        substitutes = (substitute(fault) for fault in faults)
        answer = next(filter(None, substitutes), None)
        answer = answer or await self._look_up(asked, bent, key, receive)
        for fault in faults:
            if answer.status == 200:
                answer = altered(fault, answer, question, self._account_ids(key))
        return answer

    async def _look_up(
        self, asked: Asked, bent: Question, key: Key | None, receive: Receive
    ) -> Answer:
        """Ask the desk of the key's owner; a GET is never waited for."""
        desk, tier = self._desks[self._owner(key).label], key.tier if key else "starter"
        if asked.method == "GET":
            return desk.answer(bent, tier)
        body = await _body(receive)
        return await desk.act(asked.method, bent, tier, body, asked.idempotency_key)

    def _owner(self, key: Key | None) -> Owner:
        return self._state.owner(key.label if key else DEFAULT)

    def _account_ids(self, key: Key | None) -> Iterator[str]:
        return (account.id for account in self._owner(key).world.accounts())

    def _heed_hint(self, key: Key, asked: Asked, answer: Answer) -> None:
        """Remember how long the client was told to wait: a 429 is about the key, not the path."""
        wait = _hint_seconds(answer.headers.get("Retry-After"), self._state.clock.now)
        if wait:
            key.hold(ANY_PATH if answer.status == 429 else asked.path, asked.at, wait)

    def _note(
        self, asked: Asked, key: Key | None, early: bool, answer: Answer, faults: list[Fault]
    ) -> None:
        status = 0 if any(fault.kind == "reset" for fault in faults) else answer.status
        label = key.label if key else None
        template = template_of(asked.path)
        self._state.journal.record(
            template,
            Entry(asked.at, asked.method, asked.path, asked.query, status, label, early),
            forbidden=template in FORBIDDEN,
        )


async def _body(receive: Receive) -> bytes:
    """Everything the client sent."""
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _spend(key: Key, at: float) -> None:
    """Take a token. The published example of a 429 has a second more in the body than outside."""
    wait = key.take(at)
    if wait:
        raise ApiError(
            429,
            "RATE_LIMIT_EXCEEDED",
            "Rate limit exceeded.",
            {"Retry-After": str(wait)},
            retry_after_seconds=wait + 1,
        )


def _hint_seconds(hint: str | None, now: int) -> float:
    """Seconds in a Retry-After: a number, or an HTTP date on the sandbox's clock."""
    if hint is None:
        return 0.0
    try:
        return float(hint) if hint[:1].isdigit() else parsedate_to_datetime(hint).timestamp() - now
    except ValueError:
        return 0.0

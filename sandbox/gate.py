"""The front door that every provider has: key, rate, faults, lookup, journal.

What differs between providers is in the subclasses; they decide nothing about order.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

from sandbox.answers import Answer, ApiError
from sandbox.faults.book import Fault
from sandbox.faults.delivery import Headers, Receive, Send, deliver
from sandbox.faults.kinds import Question, Shape, altered, changed_question, substitute
from sandbox.journal import Entry
from sandbox.keys import ANY_PATH, Key
from sandbox.owner import DEFAULT, Owner
from sandbox.providers import Provider
from sandbox.state import State


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came in, below the base path; `at` is this machine's monotonic time."""

    at: float
    method: str
    path: str
    query: str
    headers: Mapping[bytes, bytes]
    body: bytes

    def header(self, name: bytes) -> str | None:
        """A request header by its lower-case name; None when absent."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")


class Gate(ABC):
    """One provider as an ASGI application."""

    provider: ClassVar[Provider]
    shape: ClassVar[Shape]  # what faults must know of its answers

    def __init__(self, state: State) -> None:
        self.state = state
        self.keys = state.keys[self.provider.name]

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request and note it down."""
        asked = await self._read(scope, receive)
        key: Key | None = None
        early, faults = False, list[Fault]()
        try:
            key = self.find_key(asked)
            if key:
                early = key.early(asked.path, asked.at)
                self._spend(key, asked.at)
            self.admit(asked, key)
            faults = self._strike(asked)
            answer = self.settle(asked, key, await self._answer(asked, key, faults))
        except ApiError as error:
            answer = self.shape.error(error)
        if key:
            self._heed_hint(key, asked, answer)
        self._note(asked, key, early, answer, faults)
        await deliver(receive, send, answer, self.headers(asked, key, answer), faults)

    # What each provider does in its own way

    @abstractmethod
    def find_key(self, asked: Asked) -> Key | None:
        """The key of a request, the refusal of a wrong one, or None where none is needed."""

    @abstractmethod
    def too_fast(self, wait: int) -> ApiError:
        """The refusal of a key whose bucket is empty for this many seconds."""

    @abstractmethod
    async def look_up(self, asked: Asked, bent: Question, key: Key | None) -> Answer:
        """The true answer; `bent` is the question as faults changed it."""

    @abstractmethod
    def template_of(self, path: str) -> str:
        """The template a path fits, for counting."""

    @abstractmethod
    def is_forbidden(self, asked: Asked) -> bool:
        """Whether this may never be called by a sync."""

    @abstractmethod
    def strangers(self, owner: Owner, now: int) -> Iterable[Mapping[str, str]]:
        """Every account as the fields by which rows say whose they are."""

    def admit(self, asked: Asked, key: Key | None) -> None:
        """What happens to every request before faults strike: nothing, or an `ApiError`."""
        return

    def settle(self, asked: Asked, key: Key | None, answer: Answer) -> Answer:
        """The last word on the answer of a request that was admitted."""
        return answer

    def headers(self, asked: Asked, key: Key | None, answer: Answer) -> Headers:
        """Response headers."""
        return [
            (b"date", self.state.clock.http_date()),
            (b"content-type", answer.content_type.encode()),
            (b"content-length", b"%d" % len(answer.body)),
            *((name.lower().encode(), value.encode()) for name, value in answer.headers.items()),
        ]

    def owner(self, key: Key | None) -> Owner:
        """Whose key this is."""
        return self.state.owner(key.label if key else DEFAULT)

    # What all do alike

    async def _read(self, scope: MutableMapping[str, Any], receive: Receive) -> Asked:
        return Asked(
            at=time.monotonic(),
            method=scope["method"],
            path=scope["path"][len(self.provider.base_path) :],
            query=scope["query_string"].decode("latin-1"),
            headers=dict(scope["headers"]),
            body=b"" if scope["method"] == "GET" else await _body(receive),
        )

    def _spend(self, key: Key, at: float) -> None:
        wait = key.take(at)
        if wait:
            raise self.too_fast(wait)

    def _strike(self, asked: Asked) -> list[Fault]:
        struck = self.state.faults.strike
        return struck(self.provider.name, asked.method, asked.path, asked.query)

    async def _answer(self, asked: Asked, key: Key | None, faults: list[Fault]) -> Answer:
        """The true answer, or what the faults make of it."""
        question = Question(asked.path, asked.query, self.state.clock.now)
        bent = question
        for fault in faults:
            bent = changed_question(fault, bent, self.shape)
        substitutes = (substitute(fault, self.shape) for fault in faults)
        answer = next(filter(None, substitutes), None)
        answer = answer or await self._true_answer(asked, bent, key)
        for fault in faults:
            if answer.status == 200:
                strangers = self.strangers(self.owner(key), question.now)
                answer = altered(fault, answer, question, self.shape, strangers)
        return answer

    async def _true_answer(self, asked: Asked, bent: Question, key: Key | None) -> Answer:
        try:
            return await self.look_up(asked, bent, key)
        except ApiError as error:
            return self.shape.error(error)

    def _heed_hint(self, key: Key, asked: Asked, answer: Answer) -> None:
        """Remember how long the client was told to wait: a 429 is about the key, not the path."""
        wait = _hint_seconds(answer.headers.get("Retry-After"), self.state.clock.now)
        if wait:
            key.hold(ANY_PATH if answer.status == 429 else asked.path, asked.at, wait)

    def _note(
        self, asked: Asked, key: Key | None, early: bool, answer: Answer, faults: list[Fault]
    ) -> None:
        status = 0 if any(fault.kind == "reset" for fault in faults) else answer.status
        label = key.label if key else None
        self.state.journals[self.provider.name].record(
            self.template_of(asked.path),
            Entry(asked.at, asked.method, asked.path, asked.query, status, label, early),
            forbidden=self.is_forbidden(asked),
        )


async def _body(receive: Receive) -> bytes:
    """Everything the client sent."""
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _hint_seconds(hint: str | None, now: int) -> float:
    """Seconds in a Retry-After: a number, or an HTTP date on the sandbox's clock."""
    if hint is None:
        return 0.0
    try:
        return float(hint) if hint[:1].isdigit() else parsedate_to_datetime(hint).timestamp() - now
    except ValueError:
        return 0.0

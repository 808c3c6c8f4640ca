"""Who answers a question: the endpoint's function, or the cache when nothing can have changed."""

from collections.abc import Mapping
from inspect import isawaitable
from typing import Any

import orjson

from sandbox.answers import Answer, ApiError
from sandbox.cache import AnswerCache
from sandbox.faults.kinds import Question
from sandbox.owner import Owner
from sandbox.params import Query
from sandbox.tokportal import later
from sandbox.tokportal.call import Call
from sandbox.tokportal.errors import error_answer
from sandbox.tokportal.plans import PLANS
from sandbox.tokportal.routes import SECRETIVE, find_handler, template_of


class Desk:
    """The true answers of TokPortal's endpoints to one owner."""

    def __init__(self, owner: Owner, dialect: str) -> None:
        self._owner = owner
        self._later = dialect == "later"
        self._cache = AnswerCache()

    def answer(self, question: Question, tier: str) -> Answer:
        """The answer to a GET for a plan at the question's moment."""
        where = ("GET", question.path, question.query, tier)
        moment = (question.now, self._owner.version)
        known = self._cache.get(moment, where)
        if known is None:
            known = self._look_up(question, tier)
            self._cache.put(moment, where, known)
        return known

    async def act(
        self, method: str, question: Question, tier: str, body: bytes, idempotency_key: str | None
    ) -> Answer:
        """The answer to a verb. An Idempotency-Key used before gets the answer of before."""
        reply = (f"{method} {question.path}", idempotency_key or "")
        if idempotency_key and reply in self._owner.replies:
            return self._owner.replies[reply]
        try:
            answer = await self._perform(method, question, tier, body, idempotency_key)
        except ApiError as error:
            answer = error_answer(error)
        if idempotency_key and answer.status < 400:
            self._owner.replies[reply] = answer
        return answer

    def _look_up(self, question: Question, tier: str) -> Answer:
        try:
            handler, args = find_handler("GET", question.path)
            answer = handler(self._call(question, tier, args, {}))
        except ApiError as error:
            return error_answer(error)
        assert isinstance(answer, Answer)
        return self._spoken(question.path, answer)

    async def _perform(
        self, method: str, question: Question, tier: str, body: bytes, idempotency_key: str | None
    ) -> Answer:
        handler, args = find_handler(method, question.path)
        if idempotency_key and handler in SECRETIVE:
            raise ApiError(
                400,
                "IDEMPOTENCY_KEY_NOT_ALLOWED_FOR_SENSITIVE_RESPONSE",
                "This response carries a secret and is never stored for replay.",
            )
        done = handler(self._call(question, tier, args, _parsed(body)))
        answer = await done if isawaitable(done) else done
        return self._spoken(question.path, answer)

    def _call(
        self, question: Question, tier: str, args: dict[str, str], body: Mapping[str, Any]
    ) -> Call:
        query = Query(question.query)
        return Call(self._owner, question.now, PLANS[tier], args, query, self._later, body)

    def _spoken(self, path: str, answer: Answer) -> Answer:
        """The answer in the dialect that is served."""
        return later.spoken(template_of(path), answer) if self._later else answer


def _parsed(body: bytes) -> Mapping[str, Any]:
    """A JSON object; nothing sent is an empty one."""
    try:
        sent = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        raise ApiError(400, "VALIDATION_ERROR", "The body is not JSON.") from None
    if not isinstance(sent, dict):
        raise ApiError(400, "VALIDATION_ERROR", "The body must be a JSON object.")
    return sent

"""Who answers a question: the endpoint's function, or the cache when nothing can have changed."""

from sandbox.answers import Answer, ApiError, error_answer
from sandbox.cache import AnswerCache
from sandbox.faults.kinds import Question
from sandbox.params import Query
from sandbox.tokportal.call import Call
from sandbox.tokportal.plans import PLANS
from sandbox.tokportal.routes import find_handler
from sandbox.world.world import World


class Desk:
    """The true answers of TokPortal's endpoints."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._cache = AnswerCache()

    def answer(self, method: str, question: Question, tier: str) -> Answer:
        """The answer for a plan at the question's moment."""
        where = (method, question.path, question.query, tier)
        moment = (question.now, self._world.edits.version)
        known = self._cache.get(moment, where)
        if known is None:
            known = self._look_up(method, question, tier)
            self._cache.put(moment, where, known)
        return known

    def _look_up(self, method: str, question: Question, tier: str) -> Answer:
        try:
            handler, args = find_handler(method, question.path)
            query = Query(question.query)
            return handler(Call(self._world, question.now, PLANS[tier], args, query))
        except ApiError as error:
            return error_answer(error)

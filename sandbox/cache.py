"""Answers that were serialised once, for as long as nothing can have changed."""

from sandbox.answers import Answer

_KEPT_BYTES = 128 * 1024 * 1024

Moment = tuple[int, int]  # the clock and the number of edits
Where = tuple[str, str, str, str]


class AnswerCache:
    """Answers of one moment. Another moment empties it; the oldest go when it is full."""

    def __init__(self) -> None:
        self._moment: Moment | None = None
        self._answers: dict[Where, Answer] = {}
        self._bytes = 0

    def get(self, moment: Moment, where: Where) -> Answer | None:
        """The answer given before at this moment."""
        return self._answers.get(where) if moment == self._moment else None

    def put(self, moment: Moment, where: Where, answer: Answer) -> None:
        """Keep an answer."""
        if moment != self._moment:
            self._moment, self._bytes = moment, 0
            self._answers.clear()
        self._answers[where] = answer
        self._bytes += len(answer.body)
        while self._bytes > _KEPT_BYTES:
            oldest = next(iter(self._answers))
            self._bytes -= len(self._answers.pop(oldest).body)

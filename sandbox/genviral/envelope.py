"""The envelope of every answer: ok, code, message, data or error_code."""

from dataclasses import dataclass
from typing import Any

import orjson

from sandbox.answers import Answer, ApiError


@dataclass(frozen=True, slots=True)
class Reply:
    """What an endpoint has to say, before it is wrapped."""

    message: str
    data: Any


def answer(reply: Reply) -> Answer:
    """A success; `code` mirrors the status."""
    body = {"ok": True, "code": 200, "message": reply.message, "data": reply.data}
    return Answer(200, orjson.dumps(body))


def error_answer(error: ApiError) -> Answer:
    """A refusal: no data, and a code in words."""
    body = {
        "ok": False,
        "code": error.status,
        "message": error.message,
        "error_code": error.code,
        **error.details,
    }
    return Answer(error.status, orjson.dumps(body), headers=error.headers)

"""Answers and refusals, before a provider has put them in its envelope."""

from dataclasses import dataclass, field
from typing import Any

import orjson

JSON_TYPE = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response: what is sent unless a fault breaks the sending."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    headers: dict[str, str] = field(default_factory=dict)


class ApiError(Exception):
    """A refusal: status, code, message, and optional headers and details."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: dict[str, str] | None = None,
        **details: Any,
    ) -> None:
        self.status, self.code, self.message = status, code, message
        self.headers, self.details = headers or {}, details
        super().__init__(f"{status} {code}: {message}")


def json_answer(payload: Any) -> Answer:
    """A JSON answer with status 200."""
    return Answer(200, orjson.dumps(payload))

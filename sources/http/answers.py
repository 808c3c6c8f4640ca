"""What an answer that is no success means: its status and its error body, as one class of `errors`.

Codes decide before statuses do where one status has several meanings (429, 403, 404); they are
compared in lower case. Whatever the body says is foreign text: redacted and cut before it is kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from . import json_body
from .budget import CreditsTooLow
from .errors import (
    BadBody,
    CredentialsRefused,
    NoDataYet,
    NotFound,
    NotInPlan,
    ProviderError,
    RateLimited,
    Refused,
    ServerFault,
)
from .redaction import shown
from .retry import hint_seconds

_CODE = re.compile(r"[A-Za-z0-9_.\[\]-]{1,64}")
_REQUEST_ID_HEADERS = ("x-tokportal-request-id", "x-request-id", "request-id")
# A 429 that speaks of an allowance of days or a month: asking again in seconds is useless.
_LONG_ALLOWANCES = ("cooldown", "quota")


@dataclass(frozen=True)
class Codes:
    """The provider's own codes, lower case: 404 without data, 403 that speaks of one id alone, 402
    of an empty account (not of the plan)."""

    no_data: frozenset[str] = frozenset()
    ours_alone: frozenset[str] = frozenset()
    no_credits: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ErrorBody:
    """The error object of an answer; empty where it has none."""

    code: str = ""
    message: str = ""
    details: Any = None
    request_id: str = ""


def failure(
    response: httpx.Response, body: bytes, now: datetime, codes: Codes = Codes()
) -> ProviderError:
    """The error that an answer other than 200 stands for. `now` is the provider's clock."""
    said, status = error_body(body), response.status_code
    facts: dict[str, Any] = {
        "code": said.code or None,
        "status": status,
        "request_id": _request_id(response) or said.request_id or None,
    }
    message = " ".join(filter(None, (f"HTTP {status}", said.code, said.message)))
    if _asks_for_patience(status, said.code):
        wait = hint_seconds(response.headers.get("retry-after"), said.details, now)
        kind = RateLimited if status == 429 else ServerFault
        return kind(message, wait_seconds=wait, **facts)
    return _final(status, said.code, codes)(message, **facts)


def _asks_for_patience(status: int, code: str) -> bool:
    if status == 429:
        return not any(word in code for word in _LONG_ALLOWANCES)
    return status == 408 or status >= 500


def _final(status: int, code: str, codes: Codes) -> type[ProviderError]:
    if status == 401:
        return CredentialsRefused
    if status == 402 and code in codes.no_credits:
        return CreditsTooLow
    if status == 402 or (status == 403 and code not in codes.ours_alone):
        return NotInPlan
    if status == 404 and code in codes.no_data:
        return NoDataYet
    if status in (403, 404):
        return NotFound
    return BadBody if 200 <= status < 300 else Refused


def error_body(body: bytes) -> ErrorBody:
    """`{"error": {code, message, details}}`, `{"error": "…"}` or the same fields at the top."""
    try:
        value = json_body.parse(body)
    except ProviderError:
        return ErrorBody()
    error = value.get("error", value) if isinstance(value, dict) else None
    if isinstance(error, str):
        error = {"code": error} if _CODE.fullmatch(error) else {"message": error}
    if not isinstance(error, dict):
        return ErrorBody()
    details = error.get("details")
    request_id = error.get("request_id") or _member(details, "request_id")
    return ErrorBody(
        code=_code(error.get("error_code")) or _code(error.get("code")),
        message=_text(error.get("message"), 300),
        details=details,
        request_id=_text(request_id, 128),
    )


def _member(details: Any, name: str) -> Any:
    return details.get(name) if isinstance(details, dict) else None


def _code(value: Any) -> str:
    code = _text(value, 65)
    return code.lower() if _CODE.fullmatch(code) else ""


def _text(value: Any, length: int) -> str:
    return shown(value, length) if isinstance(value, str) else ""


def _request_id(response: httpx.Response) -> str:
    named = (response.headers.get(name) for name in _REQUEST_ID_HEADERS)
    return _text(next(filter(None, named), None), 128)

"""The error envelope of developers.tokportal.com/errors."""

from typing import Any

import orjson

from sandbox.answers import Answer, ApiError


def error_answer(error: ApiError) -> Answer:
    """`{"error": {code, message, details?}}`; details are left out when there are none."""
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.details:
        body["details"] = error.details
    return Answer(error.status, orjson.dumps({"error": body}), headers=error.headers)

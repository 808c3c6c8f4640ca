"""The error envelope of developers.tokfluence.com/docs/errors."""

from typing import Any

import orjson

from sandbox.answers import Answer, ApiError


def error_answer(error: ApiError) -> Answer:
    """`{"error": {code, message}}`; codes are lower case and stable."""
    body: dict[str, Any] = {"code": error.code, "message": error.message, **error.details}
    return Answer(error.status, orjson.dumps({"error": body}), headers=error.headers)


def not_found(what: str) -> ApiError:
    """404: nothing of this sort has this id. It costs what the answer would have cost."""
    return ApiError(404, f"{what}_not_found", f"No such {what}.")


def missing_parameter(message: str) -> ApiError:
    """422: the only published code that fits a bad parameter. It costs as well."""
    return ApiError(422, "missing_parameter", message)

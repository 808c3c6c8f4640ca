"""Which function answers which path below /api/ext."""

import re
from collections.abc import Callable
from typing import Final

from starlette.routing import compile_path

from sandbox.answers import Answer, ApiError
from sandbox.tokportal import (
    accounts,
    comments,
    compat,
    contract,
    dashboard,
    drilldown,
    raw,
    series,
)
from sandbox.tokportal.call import Call

OTHER: Final = "other"
Handler = Callable[[Call], Answer]

ROUTES: Final[dict[tuple[str, str], Handler]] = {
    ("GET", "/me"): accounts.get_me,
    ("GET", "/accounts"): accounts.list_accounts,
    ("GET", "/accounts/{id}"): accounts.get_account,
    ("GET", "/accounts/{id}/analytics"): compat.get_account_analytics,
    ("GET", "/accounts/{id}/analytics/videos"): compat.list_videos,
    ("GET", "/analytics"): dashboard.get_dashboard,
    ("GET", "/analytics/accounts/{id}"): drilldown.get_drilldown,
    ("GET", "/analytics/accounts/{id}/comments"): comments.list_comments,
    ("GET", "/analytics/accounts/{id}/raw"): raw.list_account_raw,
    ("GET", "/analytics/contract"): contract.get_contract,
    ("GET", "/analytics/posts/{id}/raw"): raw.list_post_raw,
    ("GET", "/analytics/series"): series.get_series,
}

_PATTERNS: Final[list[tuple[re.Pattern[str], str]]] = [
    (compile_path(template)[0], template)
    for template in dict.fromkeys(template for _, template in ROUTES)
]


def find_handler(method: str, path: str) -> tuple[Handler, dict[str, str]]:
    """The function for a request and the parts of its path, or the refusal."""
    template, args = _match(path)
    handler = ROUTES.get((method, template))
    if handler:
        return handler, args
    if template == OTHER:
        raise ApiError(404, "NOT_FOUND", "No such endpoint.")
    raise ApiError(405, "METHOD_NOT_ALLOWED", f"{method} is not supported here.")


def template_of(path: str) -> str:
    """The template a path fits, for counting."""
    return _match(path)[0]


def _match(path: str) -> tuple[str, dict[str, str]]:
    for pattern, template in _PATTERNS:
        match = pattern.match(path)
        if match:
            return template, match.groupdict()
    return OTHER, {}

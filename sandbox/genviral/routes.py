"""Which function answers which path below /api/partner/v1."""

import re
from collections.abc import Callable
from typing import Final

from starlette.routing import compile_path

from sandbox.answers import ApiError
from sandbox.genviral import posting, posts, refreshing, summary, targets
from sandbox.genviral.call import Call
from sandbox.genviral.envelope import Reply

OTHER: Final = "other"
REFRESH: Final = "/analytics/targets/{id}/refresh"
Handler = Callable[[Call], Reply]

ROUTES: Final[dict[tuple[str, str], Handler]] = {
    ("GET", "/accounts"): posting.list_accounts,
    ("GET", "/analytics/refreshes/{id}"): refreshing.get_refresh,
    ("GET", "/analytics/summary"): summary.get_summary,
    ("GET", "/analytics/summary/posts"): posts.list_posts,
    ("GET", "/analytics/targets"): targets.list_targets,
    ("GET", "/analytics/targets/{id}"): targets.get_target,
    ("POST", REFRESH): refreshing.start_refresh,
    ("GET", "/analytics/workspace-suggestions"): targets.list_suggestions,
    ("GET", "/posts"): posting.list_posts,
    ("GET", "/posts/{id}"): posting.get_post,
    ("GET", "/subscription"): posting.get_subscription,
}

_PATTERNS: Final[list[tuple[re.Pattern[str], str]]] = [
    (compile_path(template)[0], template) for _, template in ROUTES
]


def find_handler(method: str, path: str) -> tuple[Handler, dict[str, str]]:
    """The function for a request and the parts of its path, or the refusal."""
    template, args = _match(path)
    handler = ROUTES.get((method, template))
    if handler:
        return handler, args
    if template == OTHER:
        raise ApiError(404, "not_found", "No such endpoint")
    raise ApiError(405, "method_not_allowed", f"{method} is not served here")


def template_of(path: str) -> str:
    """The template a path fits, for counting."""
    return _match(path)[0]


def changes_something(method: str, path: str) -> bool:
    """Whether a call would create, change or delete: a sync may ask for refreshes alone."""
    return method not in ("GET", "HEAD") and (method, template_of(path)) != ("POST", REFRESH)


def _match(path: str) -> tuple[str, dict[str, str]]:
    for pattern, template in _PATTERNS:
        match = pattern.match(path)
        if match:
            return template, match.groupdict()
    return OTHER, {}

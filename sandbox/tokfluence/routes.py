"""Which function answers which path below /v1, and what it costs (/docs/credits)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.routing import compile_path

from sandbox.answers import Answer
from sandbox.tokfluence import analyze, campaign_pages, creator_pages, posts
from sandbox.tokfluence.call import Call

OTHER: Final = "other"
READ_BY_POST: Final = frozenset({"/posts/analyze", "/ai_search"})


def _one(body: Mapping[str, Any]) -> int:
    return 1


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation of the price table: `credits_each` for every one of its units."""

    operation: str
    credits_each: int
    handle: Callable[[Call], Answer]
    units: Callable[[Mapping[str, Any]], int] = _one

    def cost(self, body: Mapping[str, Any]) -> int:
        """Credits for a request with this body."""
        return self.credits_each * self.units(body)


_ANALYZE: Final = Endpoint(
    "posts.analyze", analyze.CREDITS_PER_URL, analyze.analyze, analyze.submitted
)

# A path without parameters stands before one that would fit it too.
ROUTES: Final[dict[tuple[str, str], Endpoint]] = {
    ("POST", "/posts/analyze"): _ANALYZE,
    ("POST", "/ai_search"): Endpoint("ai_search", 25, creator_pages.ai_search),
    ("GET", "/creators/search"): Endpoint("creators.search", 1, creator_pages.search),
    ("GET", "/posts/{id}"): Endpoint("posts.show", 1, posts.get_post),
    ("GET", "/posts/{id}/comments"): Endpoint("posts.comments", 2, posts.list_comments),
    ("GET", "/campaigns/{id}"): Endpoint("campaigns.show", 1, campaign_pages.get_campaign),
    ("GET", "/campaigns/{id}/metrics"): Endpoint(
        "campaigns.metrics", 2, campaign_pages.get_metrics
    ),
    ("GET", "/campaigns/{id}/posts"): Endpoint("campaigns.posts", 2, campaign_pages.list_posts),
    ("GET", "/campaigns/{id}/influencers"): Endpoint(
        "campaigns.influencers", 2, campaign_pages.list_influencers
    ),
    ("GET", "/creators/{id}"): Endpoint("creators.show", 1, creator_pages.get_creator),
    ("GET", "/creators/{id}/posts"): Endpoint("creators.posts", 25, creator_pages.list_posts),
}

_PATTERNS: Final[list[tuple[re.Pattern[str], str]]] = [
    (compile_path(template)[0], template)
    for template in dict.fromkeys(["/campaigns", *(template for _, template in ROUTES)])
]


def find_endpoint(method: str, path: str) -> tuple[Endpoint | None, dict[str, str]]:
    """What answers a request, None for nothing, and the parts of its path."""
    template, args = _match(path)
    return ROUTES.get((method, template)), args


def template_of(path: str) -> str:
    """The template a path fits, for counting."""
    return _match(path)[0]


def is_write(method: str, path: str) -> bool:
    """Whether a request would change something other than the index: no sync sends one."""
    return method not in ("GET", "HEAD") and template_of(path) not in READ_BY_POST


def _match(path: str) -> tuple[str, dict[str, str]]:
    for pattern, template in _PATTERNS:
        match = pattern.match(path)
        if match:
            return template, match.groupdict()
    return OTHER, {}

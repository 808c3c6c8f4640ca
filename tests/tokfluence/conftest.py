"""Projects that know the sandbox's Tokfluence address and a key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tokfluence_follower import SMALL, Follower, option


@pytest.fixture(scope="module")
def sandbox(new_sandbox: Any) -> Any:
    return new_sandbox(**SMALL)


@pytest.fixture(scope="module")
def many(sandbox: Any) -> Any:
    """The post with 1,900 comments."""
    return sandbox.control("GET", "/tokfluence")["many_comments_post_id"]


@pytest.fixture(scope="module")
def posts(sandbox: Any) -> Any:
    """The ids of all posts that are indexed at the beginning."""
    return [row["post_id"] for row in sandbox.control("GET", "/truth/tokfluence/posts")]


@pytest.fixture
def spent(sandbox: Any) -> Callable[[], int]:
    """The credits that the provider booked since the test began."""
    before = len(sandbox.control("GET", "/credits")["default"]["rows"])

    def count() -> int:
        rows = sandbox.control("GET", "/credits")["default"]["rows"][before:]
        return sum(row["cost"] for row in rows)

    return count


@pytest.fixture
def fault(sandbox: Any) -> Any:
    """Plants faults of Tokfluence; they end with the test."""

    def plant(kind: str, path: str, **fields: Any) -> None:
        sandbox.fault(kind, path, provider="tokfluence", **fields)

    yield plant
    sandbox.clear_faults()


@pytest.fixture(scope="module")
def new_follower(new_project: Any) -> Callable[..., Follower]:
    """Makes projects for a sandbox: new_follower(sandbox, campaign_ids="4711")."""

    def make(sandbox: Any, **options: Any) -> Follower:
        project = new_project(None)
        key = {"base_url": f"{sandbox.url}/v1", "api_key": f"tkf_sandbox_{project.canary}"}
        project.env |= {option(name): str(value) for name, value in (key | options).items()}
        return Follower(project, sandbox)

    return make

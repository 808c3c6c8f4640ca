"""A project that has a Genviral key and no other."""

from collections.abc import Callable
from typing import Any

import pytest

READ_ALL = {"SOURCES__GENVIRAL__FULL_REREAD_DAYS": "0"}


@pytest.fixture(scope="module")
def new_genviral(new_project: Any) -> Callable[..., Any]:
    """new_genviral(sandbox, SOURCES__GENVIRAL__RECENT_DAYS="3")."""

    def make(sandbox: Any, **env: str) -> Any:
        return new_project(sandbox, providers=("genviral",), schema="genviral", **env)

    return make

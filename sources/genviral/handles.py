"""Handles as providers write them, made comparable."""

from __future__ import annotations

from typing import Any


def normalized(handle: Any) -> str:
    """In lower case and without @; "" for what is no handle."""
    return handle.strip().lstrip("@").lower() if isinstance(handle, str) else ""

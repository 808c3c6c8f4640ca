"""What a TikTok address tells: which post it is, and whose. A post's own row names no creator."""

from __future__ import annotations

import re
from typing import Any

from ..landing.platform_ids import platform_post_id

UNKNOWN = "unknown"  # the creator of a post of which only the id is known

_TIKTOK = re.compile(r"https?://(?:[\w-]+\.)*tiktok\.com(?::\d+)?/", re.IGNORECASE)
_HANDLE = re.compile(r"@([^/?#]+)")
_POST_ID = re.compile(r"[0-9]{1,20}")
_CREATOR = re.compile(r"tkc_[0-9a-f]{16}|[\w.]{2,64}")


def cleaned(handle: Any) -> str | None:
    """A handle in lower case and without its @; None for what is none."""
    text = handle.strip().removeprefix("@").lower() if isinstance(handle, str) else ""
    return text or None


def handle_in(url: Any) -> str | None:
    """The handle in the address of a TikTok post."""
    begin = _TIKTOK.match(url.strip()) if isinstance(url, str) else None
    match = _HANDLE.match(url.strip(), begin.end()) if begin else None
    return cleaned(match[1]) if match else None


def post_id_in(url: Any) -> str | None:
    """TikTok's number of a post in its address."""
    if not isinstance(url, str) or not _TIKTOK.match(url.strip()):
        return None
    return platform_post_id(url)


def is_photo(url: str | None) -> bool:
    """Posts of photos have an address of their own; Tokfluence holds videos."""
    return "/photo/" in (url or "")


def is_post_id(text: str) -> bool:
    """A wrong id costs its credit all the same, so it is looked at before it is asked."""
    return _POST_ID.fullmatch(text) is not None


def is_creator(text: str) -> bool:
    """A handle or a tkc_ id."""
    return _CREATOR.fullmatch(text) is not None

"""The platform's own id of a post, out of its public address: the one name that providers share."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

_HOSTS = {
    "tiktok": ("tiktok.com",),
    "instagram": ("instagram.com",),
    "youtube": ("youtube.com", "youtu.be", "youtube-nocookie.com"),
}
_PATHS = {
    "tiktok": re.compile(r"/(?:@[^/]+/)?(?:video|photo)/(\d{6,})|/(?:v|embed(?:/v2)?)/(\d{6,})"),
    "instagram": re.compile(r"/(?:[^/]+/)?(?:p|reel|reels|tv)/([A-Za-z0-9_-]{5,})"),
    "youtube": re.compile(r"/(?:shorts|embed|live|v)/([A-Za-z0-9_-]{6,})"),
}


def platform_post_id(url: str | None) -> str | None:
    """TikTok's number, Instagram's shortcode or YouTube's video id; None for any other address.

    Shortened addresses (vm.tiktok.com/…) hold no id and are not followed: a URL in data is data.
    """
    if not url:
        return None
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    for platform, hosts in _HOSTS.items():
        if any(host == known or host.endswith("." + known) for known in hosts):
            return _id_on(platform, host, parts.path, parts.query)
    return None


def _id_on(platform: str, host: str, path: str, query: str) -> str | None:
    if host == "youtu.be":
        return path.strip("/").split("/")[0] or None
    if match := _PATHS[platform].match(path):
        return next(group for group in match.groups() if group)
    watched = parse_qs(query).get("v") if platform == "youtube" else None
    return watched[0] if watched else None

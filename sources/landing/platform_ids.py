"""The platform's own id of a post, out of its public address: the one name that providers share."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

_HOSTS = {
    "tiktok": ("tiktok.com",),
    "youtube": ("youtube.com", "youtu.be", "youtube-nocookie.com"),
}
_PATHS = {
    "tiktok": re.compile(r"/(?:@[^/]+/)?(?:video|photo)/(\d{6,})|/(?:v|embed(?:/v2)?)/(\d{6,})"),
    "youtube": re.compile(r"/(?:shorts|embed|live|v)/([^/]+)"),
}
_VIDEO = re.compile(r"(?!videoseries$)[A-Za-z0-9_-]{11}")


def platform_post_id(url: str | None) -> str | None:
    """TikTok's number or YouTube's video id; None for any other address.

    An address of Instagram holds a shortcode. The id that providers give for an Instagram post is a
    number, and one column never holds both: such a post has an id only where a provider says it.
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
    match = _PATHS[platform].match(path)
    found = next((group for group in match.groups() if group), None) if match else None
    if platform != "youtube":
        return found
    if host == "youtu.be":
        found = path.strip("/").split("/")[0]
    found = found or next(iter(parse_qs(query).get("v", [])), "")
    return found if _VIDEO.fullmatch(found) else None

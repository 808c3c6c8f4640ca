"""Where a key may go: the configured host, over https, or plain http on this machine only."""

from __future__ import annotations

import ipaddress
from urllib.parse import quote, urlsplit

from .errors import EgressRefused, Refused


def checked_base_url(url: str) -> str:
    """The base URL without a trailing slash. Raises EgressRefused when a key may not go there."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.query:
        raise EgressRefused(f"base_url {url!r} is not a plain http(s) address")
    if parts.scheme == "http" and not _is_loopback(host):
        raise EgressRefused(f"base_url {url!r} is plain http to another machine")
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def path(*segments: str) -> str:
    """A path below the base URL. Ids come from data: no id can climb out of its segment."""
    for segment in segments:
        if segment in ("", ".", ".."):
            raise Refused(f"{segment!r} cannot be an id in a path", code="bad_identifier")
    return "/" + "/".join(quote(segment, safe="") for segment in segments)

"""Where a key may go: the configured host, over https, or plain http on this machine only."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import quote, urlsplit

import httpx

from .errors import EgressRefused, Refused
from .redaction import redact

_HOST = re.compile(r"[\w.:-]+")


def checked_base_url(url: str) -> str:
    """The base URL without a trailing slash. Raises EgressRefused when a key may not go there."""
    try:
        host, same = urlsplit(url).hostname or "", httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        raise _refused(url, "is not an address") from None
    # Two readers must agree on the host: what one takes for a user name, the other may connect to.
    plain = same.scheme in ("http", "https") and host == same.host and _HOST.fullmatch(host)
    if not plain or same.userinfo or "@" in url or same.query or same.fragment:
        raise _refused(url, "is not a plain http(s) address")
    if same.scheme == "http" and not _is_loopback(host):
        raise _refused(url, "is plain http to another machine")
    return url.rstrip("/")


def _refused(url: str, why: str) -> EgressRefused:
    return EgressRefused(f"base_url {redact(url)!r} {why}")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def path(*segments: str) -> str:
    """A path below the base URL. Ids come from data: no id can climb out of its segment.

    Raises Refused for an id that cannot stand in a path.
    """
    try:
        quoted = [quote(segment, safe="") for segment in segments]
    except UnicodeEncodeError:  # a lone surrogate
        quoted = [""]
    if any(segment in ("", ".", "..") for segment in quoted):
        raise Refused(f"{segments!a} cannot be ids in a path", code="bad_identifier")
    return "/" + "/".join(quoted)

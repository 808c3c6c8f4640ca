"""How requests leave: aiohttp under httpx's interface, or httpx's own transport as the fallback.

Neither follows redirects, keeps cookies or reads proxies and passwords from the environment.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from functools import cache

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

Transport = Callable[[int], httpx.AsyncBaseTransport]
"""Connections at once in, a transport for one event loop out."""


@cache
def _tls() -> ssl.SSLContext:
    """Certificates are always checked; SSL_CERT_FILE may name another set of authorities."""
    return httpx.create_ssl_context()  # 20 ms of CPU: once, not once per batch


def aiohttp_transport(connections: int) -> httpx.AsyncBaseTransport:
    """A sixth of the CPU per request of httpx's own transport."""

    def session() -> aiohttp.ClientSession:
        opened = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, ssl=_tls()),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )
        # It would send a GET that broke off once more by itself, unseen by rate limit and budget.
        # There is no public switch; its own test client sets the same.
        opened._retry_connection = False
        return opened

    return AiohttpTransport(verify=_tls(), client=session)


def httpx_transport(connections: int) -> httpx.AsyncBaseTransport:
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    return httpx.AsyncHTTPTransport(verify=_tls(), limits=limits, trust_env=False)

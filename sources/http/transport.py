"""How requests leave: aiohttp under httpx's interface, or httpx's own transport as the fallback.

Neither follows redirects, keeps cookies or reads proxies and passwords from the environment.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from functools import cache
from pathlib import Path

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from .errors import CertificatesUnreadable

Transport = Callable[[int], httpx.AsyncBaseTransport]
"""Connections at once in, a transport for one event loop out."""


@cache
def tls() -> ssl.SSLContext:
    """Certificates are always checked; SSL_CERT_FILE or SSL_CERT_DIR may name other authorities.

    Raises CertificatesUnreadable for a file or folder that holds none.
    """
    file, folder = os.environ.get("SSL_CERT_FILE", ""), os.environ.get("SSL_CERT_DIR", "")
    if folder and not file and not Path(folder).is_dir():  # OpenSSL would trust nobody
        raise CertificatesUnreadable("SSL_CERT_DIR", folder, "it is no folder")
    try:
        return httpx.create_ssl_context()  # 20 ms of CPU: once, not once per batch
    except OSError as error:  # ssl.SSLError is one
        why = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise CertificatesUnreadable("SSL_CERT_FILE", file, why) from error


def aiohttp_transport(connections: int) -> httpx.AsyncBaseTransport:
    """A sixth of the CPU per request of httpx's own transport."""

    def session() -> aiohttp.ClientSession:
        opened = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, ssl=tls()),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )
        # It would send a GET that broke off once more by itself, unseen by rate limit and budget.
        # There is no public switch; its own test client sets the same.
        opened._retry_connection = False
        return opened

    return AiohttpTransport(verify=tls(), client=session)


def httpx_transport(connections: int) -> httpx.AsyncBaseTransport:
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    return httpx.AsyncHTTPTransport(verify=tls(), limits=limits, trust_env=False)

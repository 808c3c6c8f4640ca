"""Limits on the connections of a server that anybody may reach: uvicorn itself has none on time.

A connection carries one request, which has 20 seconds to come; its body has ten. When all places
are taken, the connection that has waited longest for the rest of its request makes room. A genuine
delivery comes whole within milliseconds, so idle and slow clients cannot keep it out.
"""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import dataclass, field
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_BYTES = 16 * 1024  # of all headers together, and so of their number


@dataclass
class ConnectionLimits:
    """`per_peer`: connections of one address (of one /64 in IPv6); None where all clients are on
    this machine, because a proxy in front has one address for everybody."""

    total: int = 200
    per_peer: int | None = None
    seconds: float = 20.0  # for the whole request to come
    _open: dict[H11Protocol, str] = field(default_factory=dict)  # with their peers, oldest first

    def admit(self, connection: H11Protocol) -> bool:
        """Whether there is a place for a new connection; another one may lose its own."""
        peer = _peer(connection.client)
        of_peer = sum(other == peer for other in self._open.values())
        if self.per_peer is not None and of_peer >= self.per_peer:
            return False
        if len(self._open) >= self.total and not self._make_room():
            return False
        self._open[connection] = peer
        return True

    def _make_room(self) -> bool:
        slowest = next((each for each in self._open if is_incomplete(each)), None)
        if slowest is None:
            return False
        self.forget(slowest)
        slowest.transport.abort()
        return True

    def forget(self, connection: H11Protocol) -> None:
        """The connection is closed."""
        self._open.pop(connection, None)


def is_incomplete(connection: H11Protocol) -> bool:
    """Whether a part of its request is still to come."""
    cycle: Any = connection.cycle
    return cycle is None or bool(cycle.more_body)


def limited_protocol(limits: ConnectionLimits) -> type[H11Protocol]:
    """uvicorn's HTTP protocol within these limits."""

    class Limited(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if limits.admit(self):
                asyncio.get_running_loop().call_later(limits.seconds, self._end_if_slow)
            else:
                transport.abort()

        def connection_lost(self, exc: Exception | None) -> None:
            limits.forget(self)
            super().connection_lost(exc)

        def _end_if_slow(self) -> None:
            if is_incomplete(self) and not self.transport.is_closing():
                self.transport.abort()

    return Limited


def _peer(client: tuple[str, int] | None) -> str:
    if client is None:
        return ""
    try:
        address = ipaddress.ip_address(client[0].partition("%")[0])
    except ValueError:
        return client[0]
    if address.version == 6 and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)

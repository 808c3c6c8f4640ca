"""The receiving side of `social listen`: verify, store, answer. A request does nothing else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from sources.tokportal.webhooks import (
    EVENT_ID_HEADER,
    SIGNATURE_HEADER,
    NotAnEvent,
    is_genuine,
    read_event,
)

from .inbox import Inbox
from .progress import Progress

MAX_BODY_BYTES = 1024 * 1024
# Read on and thrown away, so that the sender gets to see its 413 instead of a broken connection.
_READ_BYTES = 8 * MAX_BODY_BYTES
_BODY_SECONDS = 10.0
_REFUSALS_TOLD_EVERY_SECONDS = 10.0


def receiver_app(
    secrets: list[str], inbox: Inbox, wake: Callable[[], None], progress: Progress
) -> Starlette:
    """POST anywhere is a delivery, so that any address in front of it will do."""
    receiver = _Receiver(secrets, inbox, wake, progress)
    return Starlette(
        routes=[
            Route("/healthz", receiver.healthy, methods=["GET"]),
            Route("/{path:path}", receiver.receive, methods=["POST"]),
        ]
    )


class _TooLarge(Exception):
    pass


@dataclass
class _Receiver:
    secrets: list[str]
    inbox: Inbox
    wake: Callable[[], None]
    progress: Progress
    _refused: int = 0
    _told_at: float = float("-inf")

    async def healthy(self, request: Request) -> Response:
        return Response("ok\n", media_type="text/plain")

    async def receive(self, request: Request) -> Response:
        """2xx once the event is on disk; 401 without a word of why."""
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await _body(request)
        except _TooLarge:
            return self._refusal(413, "too large")
        except (TimeoutError, ClientDisconnect):
            return self._refusal(408, "incomplete")
        signature = ",".join(request.headers.getlist(SIGNATURE_HEADER))
        if not is_genuine(signature, body, self.secrets, time.time()):
            return self._refusal(401, "signature")
        try:
            event = read_event(body, request.headers.get(EVENT_ID_HEADER))
            stored = await asyncio.to_thread(self.inbox.put, body, event)
        except NotAnEvent as reason:
            return self._refusal(400, str(reason))
        except OSError as error:
            self.progress.event("event.not_stored", "error", reason=str(error))
            return Response(status_code=503, headers={"Retry-After": "60"})
        if stored:
            self.progress.event("event.stored", event_id=event.event_id, type=event.type)
            self.wake()
        return Response(status_code=200)

    def _refusal(self, status: int, reason: str) -> Response:
        """Told now and then: whoever floods us must not flood the log."""
        self._refused += 1
        if time.monotonic() - self._told_at > _REFUSALS_TOLD_EVERY_SECONDS:
            self._told_at = time.monotonic()
            self.progress.event(
                "event.refused", "warning", status=status, reason=reason, refused=self._refused
            )
        # What is left of the body stays unread: the connection cannot be used again.
        return Response(status_code=status, headers={"Connection": "close"})


async def _body(request: Request) -> bytes:
    """The exact bytes. Raises _TooLarge beyond 1 MiB, before anything is computed over them."""
    size, body = 0, bytearray()
    async for chunk in request.stream():
        size += len(chunk)
        if size > _READ_BYTES:
            break
        if size <= MAX_BODY_BYTES:
            body += chunk
    if size > MAX_BODY_BYTES:
        raise _TooLarge
    return bytes(body)

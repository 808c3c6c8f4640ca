"""Workers that take pieces of work until there is none, or until the batch closes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

GRACE_SECONDS = 4.0
_LOOK_SECONDS = 0.25


class Queue(Protocol[T_co]):
    """Work that may bring more work while it is done."""

    def next(self) -> T_co | None:
        """A piece to do now, or None when there is none at this moment."""
        ...

    @property
    def closed(self) -> bool:
        """No further piece should be started; running ones end by themselves."""
        ...

    @property
    def stopping(self) -> bool:
        """Running pieces should end within a few seconds too."""
        ...


async def fan_out(queue: Queue[T], do: Callable[[T], Awaitable[None]], width: int) -> None:
    """Do the work with `width` workers. `do` must not raise for one piece's trouble.

    When the queue is stopping, running pieces get a few seconds to end and are then cancelled: a
    piece puts its rows into the batch only when it is complete, so a cancelled one leaves nothing.
    """
    idle = asyncio.Condition()
    busy = 0

    async def worker() -> None:
        nonlocal busy
        while not queue.closed:
            piece = queue.next()
            if piece is None:
                if not busy:
                    return
                async with idle:
                    await idle.wait()
                continue
            busy += 1
            try:
                await do(piece)
            finally:
                busy -= 1
                async with idle:
                    idle.notify_all()

    await _finish({asyncio.create_task(worker()) for _ in range(width)}, queue)


async def _finish(pending: set[asyncio.Task[None]], queue: Queue[T]) -> None:
    grace = GRACE_SECONDS
    try:
        while pending and grace > 0:
            done, pending = await asyncio.wait(pending, timeout=_LOOK_SECONDS)
            for task in done:
                task.result()
            grace -= _LOOK_SECONDS if queue.stopping else 0
    finally:
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)

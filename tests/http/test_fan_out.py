"""Workers and a queue whose work brings more work."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from sources.extraction import fan_out as module
from sources.extraction.fan_out import fan_out


@dataclass
class Work:
    """A queue; `done` is what was done, `most` how much at once, `cancelled` what was not."""

    pieces: deque[int] = field(default_factory=deque)
    closed: bool = False
    stopping: bool = False
    done: list[int] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    now: int = 0
    most: int = 0
    then: Callable[[int], None] = lambda piece: None
    seconds: float = 0.001

    def next(self) -> int | None:
        return self.pieces.popleft() if self.pieces else None

    async def do(self, piece: int) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled.append(piece)
            raise
        finally:
            self.now -= 1
        self.done.append(piece)
        self.then(piece)


def run(work: Work, width: int = 4) -> None:
    asyncio.run(asyncio.wait_for(fan_out(work, work.do, width), 10))


@pytest.mark.parametrize("width", [1, 3, 50])
def test_every_piece_is_done_once(width: int) -> None:
    """With as many at once as there are workers, and no more."""
    work = Work(deque(range(40)))

    run(work, width)

    assert sorted(work.done) == list(range(40))
    assert work.most == min(width, 40)


def test_work_that_brings_work_is_done_by_idle_workers() -> None:
    """One piece opens many: those who had nothing to do take them."""
    work = Work(deque([0]))
    work.then = lambda piece: work.pieces.extend(range(1, 30)) if piece == 0 else None

    run(work, 8)

    assert sorted(work.done) == list(range(30))
    assert work.most == 8


def test_chain_of_single_pieces_ends() -> None:
    """Each piece brings the next: nobody leaves too early, nobody waits for ever."""
    work = Work(deque([0]))
    work.then = lambda piece: work.pieces.append(piece + 1) if piece < 200 else None

    run(work, 16)

    assert work.done == list(range(201))


def test_nothing_to_do_is_nothing_done() -> None:
    """An empty batch ends at once."""
    work = Work()

    run(work)

    assert work.done == []


def test_closed_queue_starts_nothing_more() -> None:
    """What runs ends by itself; what is left stays in the queue."""
    work = Work(deque(range(100)))
    work.then = lambda piece: setattr(work, "closed", True)

    run(work, 4)

    assert sorted(work.done) == [0, 1, 2, 3]
    assert len(work.pieces) == 96


def test_stopping_gives_grace_and_then_cancels(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second signal is not needed: the rest is cancelled within seconds."""
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.5)
    work = Work(deque([1, 2]), stopping=True, closed=False, seconds=60)

    run(work, 2)

    assert (work.done, sorted(work.cancelled)) == ([], [1, 2])


def test_piece_that_ends_within_the_grace_is_kept() -> None:
    """A piece about to be complete is completed."""
    work = Work(deque([1]), stopping=True, seconds=0.4)

    run(work, 1)

    assert work.done == [1]


def test_bug_in_a_piece_is_not_swallowed() -> None:
    """`do` must not raise; when it does, the others end and it is told."""
    work = Work(deque(range(8)), seconds=0.01)

    def fail(piece: int) -> None:
        if piece == 2:
            raise ValueError("a bug")

    work.then = fail
    with pytest.raises(ValueError, match="a bug"):
        run(work, 2)


def test_cancellation_from_outside_reaches_every_piece() -> None:
    """Nothing goes on in the background."""
    work = Work(deque([1, 2, 3]), seconds=60)

    async def cancelled() -> None:
        task = asyncio.create_task(fan_out(work, work.do, 3))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(cancelled())

    assert sorted(work.cancelled) == [1, 2, 3]

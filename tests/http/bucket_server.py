"""A server with a token bucket as providers describe theirs; it counts what it had to refuse."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from scripted_server import Request, ScriptedServer, answer

# A worker: asks as fast as the rate allows until its time is over, then says how often.
WORKER = """
import asyncio, sys, time
from pathlib import Path
from scripted_server import Asker
from sources.http.client import HttpClient
from sources.http.rate_limit import RateLimit

async def work(url, folder, per_minute, until):
    connection = Asker(folder).connect(url)
    connection.rate = RateLimit(per_minute, key="one", ceiling=False, folder=folder)
    async with HttpClient(connection) as http:
        async def ask():
            while time.time() < until:
                await http.get("/x", endpoint="/x", read=lambda body: body)
        await asyncio.gather(*(ask() for _ in range(8)))

asyncio.run(work(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])))
"""


class Bucket:
    """`per_minute` tokens at most, refilled all the time; `early` is how many came too early."""

    def __init__(self, per_minute: float) -> None:
        self.per_minute, self.tokens = per_minute, per_minute
        self.served: list[float] = []
        self.early = 0
        self._at = time.monotonic()

    def __call__(self, request: Request) -> bytes:
        self.refill()
        headers = {"X_RateLimit_Limit": f"{self.per_minute:g}"}
        if self.tokens < 1:
            self.early += 1
            return answer(b"", 429, Retry_After="1", X_RateLimit_Remaining="0", **headers)
        self.tokens -= 1
        self.served.append(self._at)
        return answer({}, X_RateLimit_Remaining=str(int(self.tokens)), **headers)

    def refill(self) -> None:
        now = time.monotonic()
        gained = (now - self._at) * self.per_minute / 60
        self.tokens, self._at = min(self.per_minute, self.tokens + gained), now


class Served:
    """The bucket behind a socket, in a thread, so that processes can ask it."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self._ready, self._stop = threading.Event(), asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))

    async def _run(self) -> None:
        async with ScriptedServer(self.bucket) as server:
            self.url = server.url
            self._ready.set()
            await self._stop.wait()

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()


@contextmanager
def workers(
    count: int, url: str, folder: Path, per_minute: float, until: float
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that share a key and ask until a time (Unix seconds)."""
    here = Path(__file__).resolve().parent
    words = [url, str(folder), str(per_minute), str(until)]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, *words],
            env={"PYTHONPATH": f"{here}:{here.parent.parent}"},
        )
        for _ in range(count)
    ]
    try:
        yield running
        assert [process.wait(30) for process in running] == [0] * count
    finally:
        for process in running:
            process.kill()

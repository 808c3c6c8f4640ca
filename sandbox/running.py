"""The server itself: uvicorn around the application, stopped at once when asked."""

import asyncio
import logging
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import orjson
import uvicorn

from sandbox.app import App
from sandbox.control import announcement
from sandbox.settings import Settings
from sandbox.state import State


async def run(settings: Settings, listener: socket.socket, until_stdin_closes: bool) -> None:
    """Serve on this socket until SIGINT, SIGTERM or, if asked, the end of stdin."""
    state = State(settings)
    host, port = listener.getsockname()
    ready = announcement(settings.keys, f"http://{host}:{port}", state.clock.iso())
    server = _Server(_config(App(state)), orjson.dumps(ready).decode())
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, server.stop)
    if until_stdin_closes:
        threading.Thread(target=_watch_stdin, args=(loop, server), daemon=True).start()
    await server.serve(sockets=[listener])


class _Server(uvicorn.Server):
    """Uvicorn that says when it is ready and leaves signals to us."""

    def __init__(self, config: uvicorn.Config, ready: str) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self._ready, flush=True)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Uvicorn would raise the signal again after a clean stop.
        yield

    def stop(self) -> None:
        """Stop now; what is being sent is cut, and that is no error."""
        logging.getLogger("uvicorn.error").disabled = True
        self.should_exit = self.force_exit = True


def _config(app: App) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="off",
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,  # the sandbox's own clock is served
        timeout_keep_alive=75,
    )


def _watch_stdin(loop: asyncio.AbstractEventLoop, server: _Server) -> None:
    sys.stdin.buffer.read()
    loop.call_soon_threadsafe(server.stop)

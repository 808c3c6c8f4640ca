"""Running a sandbox: here until it is told to stop, or in a child process."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sandbox.settings import Settings

__all__ = ["ChildSandbox", "Settings", "serve", "start"]

_START_SECONDS, _STOP_SECONDS = 15, 5


def serve(settings: Settings, *, until_stdin_closes: bool = False) -> None:
    """Serve on loopback until SIGINT or SIGTERM; one JSON line on stdout says it is ready."""
    from sandbox.running import run  # uvicorn and the world load only when they are needed

    asyncio.run(run(settings, _listen(settings.port), until_stdin_closes))


def start(settings: Settings | None = None) -> "ChildSandbox":
    """A sandbox in a child process, ready when this returns; leave its context to stop it."""
    return ChildSandbox(settings or Settings())


class ChildSandbox:
    """A sandbox that lives in a child process and ends with this one."""

    def __init__(self, settings: Settings) -> None:
        # The child stops when its stdin closes, which also happens when this process is killed.
        command = [sys.executable, "-m", "sandbox", *settings.arguments(), "--until-stdin-closes"]
        self._child = subprocess.Popen(  # noqa: S603 - our own module, arguments as a list
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment()
        )
        ready = self._read_ready()
        self.url: str = ready["url"]
        self.base_urls: dict[str, str] = ready["base_urls"]
        self.keys: dict[str, str] = ready["keys"]
        self.pid = self._child.pid

    def stop(self) -> None:
        """Stop the child; it is gone when this returns."""
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
        for stream in (self._child.stdin, self._child.stdout):
            if stream:
                stream.close()
        try:
            self._child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _read_ready(self) -> dict[str, Any]:
        import orjson

        assert self._child.stdout is not None
        timer = threading.Timer(_START_SECONDS, self._child.kill)
        timer.start()
        line = self._child.stdout.readline()
        timer.cancel()
        if not line:
            self.stop()
            raise RuntimeError(f"The sandbox did not start (exit {self._child.returncode}).")
        ready: dict[str, Any] = orjson.loads(line)
        return ready


def _listen(port: int) -> socket.socket:
    """A loopback socket; port 0 takes a free one."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Inherited by connections: head and body are two writes, and must not wait for an ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(2048)
    return listener


def _environment() -> dict[str, str]:
    """The child finds this package wherever the caller stands."""
    root = str(Path(__file__).resolve().parent.parent)
    known = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{known}" if known else root}

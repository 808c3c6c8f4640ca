"""TLS in front of the tests' Postgres, whose build has none: it answers a client's SSLRequest,
takes the connection with a certificate, and passes on what comes.

The certificates are made here with the `openssl` program. Clients reach it on 127.0.0.2, which is
no address that `social` knows as this machine's own.
"""

import asyncio
import ssl
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

HOST = "127.0.0.2"
_SSL_REQUEST = bytes([0, 0, 0, 8, 4, 210, 22, 47])


class Authority:
    """Signs certificates; `file` is what a client must trust."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.file, self._key = folder / f"{name}.pem", folder / f"{name}.key"
        _openssl(
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-keyout",
            self._key,
            "-out",
            self.file,
            "-subj",
            f"/CN={name}",
        )

    def sign(self, address: str, days: int = 2) -> ssl.SSLContext:
        """A server's context with a certificate for an IP address; `days` below 0: expired."""
        key, request, made, extra = (
            self.folder / f"{self.name}-{address}-{days}.{end}"
            for end in ("key", "csr", "pem", "ext")
        )
        extra.write_text(f"subjectAltName=IP:{address}\n")
        _openssl(
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            key,
            "-out",
            request,
            "-subj",
            f"/CN={address}",
        )
        _openssl(
            "x509",
            "-req",
            "-in",
            request,
            "-CA",
            self.file,
            "-CAkey",
            self._key,
            "-CAcreateserial",
            "-out",
            made,
            "-extfile",
            extra,
            "-days",
            days,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(made, key)
        return context


def _openssl(*words: object) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


class Front:
    """Listens until it is closed. `context`: None refuses TLS, as a server without it does.
    `plain` counts connections that went on without TLS, `taken` those with it, and `passed` the
    bytes that clients got through to the server."""

    def __init__(self, port: int) -> None:
        self._to = port
        self.context: ssl.SSLContext | None = None
        self.plain = self.taken = self.passed = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        start = asyncio.start_server(self._serve, HOST, 0)
        server = asyncio.run_coroutine_threadsafe(start, self._loop).result()
        self.port: int = server.sockets[0].getsockname()[1]

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError):
            first = await reader.readexactly(8)
            if first == _SSL_REQUEST and self.context is not None:
                writer.write(b"S")
                await writer.start_tls(self.context)
                self.taken += 1
                first = b""
            elif first == _SSL_REQUEST:
                writer.write(b"N")
                first = await reader.readexactly(8)
                self.plain += 1
            else:
                self.plain += 1
            from_server, to_server = await asyncio.open_connection("127.0.0.1", self._to)
            to_server.write(first)
            self.passed += len(first)
            await asyncio.gather(self._pass_on(reader, to_server), _pump(from_server, writer))
        writer.close()

    async def _pass_on(self, client: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await client.read(65_536):
                self.passed += len(piece)
                server.write(piece)
                await server.drain()
        server.close()


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await source.read(65_536):
            target.write(piece)
            await target.drain()
    target.close()

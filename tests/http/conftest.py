"""HTTP tests run over both transports: what holds must not hang on which one is used."""

from pathlib import Path

import pytest
from scripted_server import Asker

from sources.http.transport import Transport, aiohttp_transport, httpx_transport


@pytest.fixture(params=[aiohttp_transport, httpx_transport], ids=["aiohttp", "httpx"])
def ask(request: pytest.FixtureRequest, tmp_path: Path) -> Asker:
    """Asks a scripted server, over either transport."""
    transport: Transport = request.param
    return Asker(tmp_path, transport)


@pytest.fixture
def ask_fast(tmp_path: Path) -> Asker:
    """Asks over the default transport alone: for rules that no transport can change."""
    return Asker(tmp_path)

"""The sandbox as one ASGI application: the providers beside the control plane."""

from collections.abc import MutableMapping
from typing import Any

from sandbox.control import control_app
from sandbox.faults.delivery import Receive, Send
from sandbox.gate import Gate
from sandbox.genviral.gate import GenviralGate
from sandbox.state import State
from sandbox.tokfluence.gate import TokfluenceGate
from sandbox.tokportal.gate import TokPortalGate


class App:
    """Sends a request to the provider whose base path it has, else to the control plane.

    Providers are not mounted in a framework: they need uvicorn's own `send` to break
    connections, and every microsecond to stay faster than the pipelines that are measured.
    """

    def __init__(self, state: State) -> None:
        self._control = control_app(state)
        gates: tuple[Gate, ...] = (
            TokPortalGate(state),
            GenviralGate(state),
            TokfluenceGate(state),
        )
        self._providers = {gate.provider.base_path: gate for gate in gates}

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        for base, provider in self._providers.items():
            if scope["path"].startswith(base + "/"):
                await provider(scope, receive, send)
                return
        await self._control(scope, receive, send)

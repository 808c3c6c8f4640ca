"""The control plane under /_sandbox: no key, never counted, never limited."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import truth
from sandbox.edits import apply_edit
from sandbox.genviral import truth as genviral_truth
from sandbox.journal import Journal
from sandbox.owner import DEFAULT
from sandbox.providers import GENVIRAL, PROVIDERS, TOKFLUENCE, TOKPORTAL
from sandbox.settings import parse_clock
from sandbox.state import State
from sandbox.tokfluence import control as tokfluence
from sandbox.tokfluence import truth as tokfluence_truth
from sandbox.view import Row, View
from sandbox.webhooks.sending import send_event

_TRUTHS: Final[dict[str, Mapping[str, Callable[[View], Iterator[Row]]]]] = {
    TOKPORTAL.name: truth.TABLES,
    GENVIRAL.name: genviral_truth.TABLES,
    TOKFLUENCE.name: tokfluence_truth.TABLES,
}


def control_app(state: State) -> Starlette:
    """The control plane of one sandbox."""
    plane = _Plane(state)
    routes = [
        Route("/_sandbox/info", plane.info, methods=["GET"]),
        Route("/_sandbox/clock", plane.move_clock, methods=["POST"]),
        Route("/_sandbox/requests", plane.requests, methods=["GET"]),
        Route("/_sandbox/requests", plane.reset_requests, methods=["DELETE"]),
        Route("/_sandbox/log", plane.log, methods=["GET"]),
        Route("/_sandbox/truth", plane.tables, methods=["GET"]),
        Route("/_sandbox/truth/{table}", plane.truth, methods=["GET"]),
        Route("/_sandbox/truth/{provider}/{table}", plane.truth, methods=["GET"]),
        Route("/_sandbox/faults", plane.list_faults, methods=["GET"]),
        Route("/_sandbox/faults", plane.plant_faults, methods=["POST"]),
        Route("/_sandbox/faults", plane.clear_faults, methods=["DELETE"]),
        Route("/_sandbox/world", plane.edit_world, methods=["POST"]),
        Route("/_sandbox/credits", plane.credits, methods=["GET"]),
        Route("/_sandbox/tokfluence", plane.tokfluence, methods=["GET"]),
        Route("/_sandbox/webhooks", plane.list_webhooks, methods=["GET"]),
        Route("/_sandbox/webhooks/send", plane.send_webhook, methods=["POST"]),
    ]
    mistakes = dict.fromkeys((ValueError, KeyError, TypeError, re.error), _refuse)
    return Starlette(routes=routes, exception_handlers=mistakes)


class _Plane:
    def __init__(self, state: State) -> None:
        self._state = state

    async def info(self, request: Request) -> Response:
        """What runs here."""
        settings = self._state.settings
        base = f"http://{request.url.netloc}"
        return _json({**announcement(settings.keys, base, self._state.clock.iso()),
                      "settings": settings})  # fmt: skip

    async def move_clock(self, request: Request) -> Response:
        """{"advance_seconds": n} or {"to": iso}."""
        body = await _body(request)
        clock = self._state.clock
        clock.now = parse_clock(body["to"]) if "to" in body else clock.now + body["advance_seconds"]
        return _json({"now": clock.iso()})

    async def requests(self, request: Request) -> Response:
        """Counts since the last reset: ?provider=."""
        return _json(self._journal(request).summary())

    async def reset_requests(self, request: Request) -> Response:
        """Count from zero."""
        journal = self._journal(request)
        journal.reset()
        return _json(journal.summary())

    async def log(self, request: Request) -> Response:
        """Requests one by one: ?provider=, ?after=."""
        after = int(request.query_params.get("after", 0))
        return _json(self._journal(request).after(after))

    async def tables(self, request: Request) -> Response:
        """Names of the tables with a truth: ?provider=."""
        return _json(list(_TRUTHS[_provider(request)]))

    async def truth(self, request: Request) -> Response:
        """Every reachable row of a table.

        Choose with ?tier=, ?tenant=, ?account_id=, ?removed=include, ?final=true.

        TokPortal's tables are named alone, those of others below their provider's name.
        """
        asked = request.query_params
        view = truth.view_for(
            self._state.owners[asked.get("tenant", DEFAULT)],
            self._state.clock.now,
            asked.get("tier", self._state.settings.tier),
            asked.get("account_id"),
            asked.get("removed") == "include",
            asked.get("granularity", "day"),
            asked.get("mode", "cumulative"),
            asked.get("final") == "true",
        )
        tables = _TRUTHS[request.path_params.get("provider", TOKPORTAL.name)]
        return _json(list(tables[request.path_params["table"]](view)))

    async def list_faults(self, request: Request) -> Response:
        """Planted faults and their hits."""
        return _json(self._state.faults.describe())

    async def plant_faults(self, request: Request) -> Response:
        """One fault or a list."""
        body = await _body(request)
        specs = body if isinstance(body, list) else [body]
        return _json([self._state.faults.plant(spec).describe() for spec in specs])

    async def clear_faults(self, request: Request) -> Response:
        """No faults any more."""
        self._state.faults.clear()
        return _json([])

    async def edit_world(self, request: Request) -> Response:
        """One edit or a list, by `op`."""
        body = await _body(request)
        if isinstance(body, list):
            return _json([apply_edit(self._state, edit) for edit in body])
        return _json(apply_edit(self._state, body))

    async def send_webhook(self, request: Request) -> Response:
        """One event to every endpoint that wants it, spoilt if asked: what each answered."""
        order = await _body(request)
        owner = self._state.owners[order.get("tenant", DEFAULT)]
        return _json(await send_event(owner.hooks, self._state.clock.now, order))

    async def list_webhooks(self, request: Request) -> Response:
        """Every endpoint with its secret, which the API never tells again."""
        owner = self._state.owners[request.query_params.get("tenant", DEFAULT)]
        return _json(
            [
                {"id": one.id, "url": one.url, "enabled": one.enabled, "signing_secret": one.secret}
                for one in owner.hooks.endpoints()
            ]
        )

    async def credits(self, request: Request) -> Response:
        """What every owner's requests to Tokfluence cost, one by one."""
        return _json(tokfluence.ledgers(self._state))

    async def tokfluence(self, request: Request) -> Response:
        """Ids worth asking Tokfluence for: ?tenant=."""
        return _json(tokfluence.landmarks(self._state, request.query_params.get("tenant")))

    def _journal(self, request: Request) -> Journal:
        return self._state.journals[_provider(request)]


def announcement(keys: dict[str, str], base: str, now: str) -> dict[str, Any]:
    """What a client needs to begin."""
    return {
        "url": base,
        "base_urls": {name: base + one.base_path for name, one in PROVIDERS.items()},
        "keys": keys,
        "now": now,
    }


def _provider(request: Request) -> str:
    return request.query_params.get("provider", TOKPORTAL.name)


async def _body(request: Request) -> Any:
    return orjson.loads(await request.body())


async def _refuse(request: Request, problem: Exception) -> Response:
    return _json({"error": f"{type(problem).__name__}: {problem}"}, 400)


def _json(payload: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(payload), status, media_type="application/json")

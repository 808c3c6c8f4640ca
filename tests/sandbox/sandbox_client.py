"""What the tests hold on to: a running sandbox, its API and its control plane."""

from typing import Any

import httpx

from sandbox.server import ChildSandbox, Settings, start

SMALL = Settings(accounts=8, posts=160, rate=1_000_000)


class Client:
    """A sandbox in a child process with a client for each of its two sides."""

    def __init__(self, settings: Settings = SMALL) -> None:
        self.child: ChildSandbox = start(settings)
        self.key = self.child.keys["tokportal"]
        self._http = httpx.Client(timeout=10)

    def close(self) -> None:
        self._http.close()
        self.child.stop()

    def get(self, path: str, key: str | None = "", **params: Any) -> httpx.Response:
        """A GET below /api/ext; key None sends none, "" the advertised one."""
        headers = {} if key is None else {"X-API-Key": key or self.key}
        url = self.child.base_urls["tokportal"] + path
        return self._http.get(url, params=params or None, headers=headers)

    def send(
        self, method: str, path: str, body: Any = None, key: str = "", **headers: str
    ) -> httpx.Response:
        """A verb below /api/ext with a JSON body."""
        url = self.child.base_urls["tokportal"] + path
        given = {"X-API-Key": key or self.key, **headers}
        return self._http.request(method, url, json=body, headers=given)

    def pages(self, path: str, per_page: int = 7, **params: Any) -> list[dict[str, Any]]:
        """All pages of a list, checked against its own total."""
        rows: list[dict[str, Any]] = []
        for page in range(1, 1_000):
            body = self.json(path, page=page, per_page=per_page, **params)
            rows += body["data"]
            if page >= body["pagination"]["total_pages"]:
                break
        assert len(rows) == body["pagination"]["total"]
        return rows

    def json(self, path: str, **params: Any) -> Any:
        """The body of a GET that succeeds."""
        answer = self.get(path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """A call of the control plane that succeeds."""
        answer = self._http.request(method, f"{self.child.url}/_sandbox{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def truth(self, table: str, tier: str = "full", **params: str) -> list[dict[str, Any]]:
        query = "&".join(f"{name}={value}" for name, value in {"tier": tier, **params}.items())
        rows: list[dict[str, Any]] = self.control("GET", f"/truth/{table}?{query}")
        return rows

    def advance(self, hours: float) -> str:
        now: str = self.control("POST", "/clock", {"advance_seconds": int(hours * 3600)})["now"]
        return now

    def edit(self, op: str, **fields: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.control("POST", "/world", {"op": op, **fields})
        return made

    def fault(self, kind: str, path: str = ".*", **fields: Any) -> None:
        self.control("POST", "/faults", {"kind": kind, "path": path, **fields})

    def accounts(self) -> list[dict[str, Any]]:
        """The dashboard's accounts, in the order of the world: one of each kind."""
        rows: list[dict[str, Any]] = self.json("/analytics")["accounts"]
        return rows

    def account_id(self, kind: str) -> str:
        """The id of the account of this kind among the first eight."""
        kinds = ("giant", "public", "banned", "empty", "quiet", "hourly", "switched", "busy")
        found: str = self.accounts()[kinds.index(kind)]["id"]
        return found

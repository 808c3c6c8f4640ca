"""Webhooks: registering, signed deliveries to loopback, and every way to spoil one."""

import hmac
import json
import threading
import time
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest


class Receiver:
    """A loopback server that keeps what it was sent and answers with `status`."""

    def __init__(self) -> None:
        self.received: list[tuple[bytes, dict[str, str]]] = []
        self.status = 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append((body, {k.lower(): v for k, v in self.headers.items()}))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.close()


@pytest.fixture
def hook(served, receiver) -> Iterator[dict[str, Any]]:
    made = served.send("POST", "/webhooks", {"url": receiver.url, "events": ["account.banned"]})
    assert made.status_code == 201
    yield made.json()["data"]
    served.send("DELETE", f"/webhooks/{made.json()['data']['id']}")


def valid(secret: str, body: bytes, header: str) -> bool:
    parts = [part.partition("=") for part in header.split(",")]
    at = next(value for name, _, value in parts if name == "t")
    expected = hmac.new(secret.encode(), f"{at}.".encode() + body, sha256).hexdigest()
    fresh = abs(time.time() - int(at)) <= 300
    return fresh and expected in [value for name, _, value in parts if name == "v1"]


def test_an_endpoint_is_made_listed_changed_and_deleted(served, receiver):
    made = served.send("POST", "/webhooks", {"url": receiver.url, "description": "mine"}).json()
    path, secret = f"/webhooks/{made['data']['id']}", made["data"]["signing_secret"]

    assert served.json(path)["data"].items() <= made["data"].items()
    assert secret not in served.get("/webhooks").text, "the secret is told once"
    changed = served.send("PATCH", path, {"enabled": False}).json()["data"]
    assert (changed["enabled"], changed["description"]) == (False, "mine")
    assert made["data"]["id"] in {r["id"] for r in served.pages("/webhooks", enabled="false")}
    assert served.send("DELETE", path).status_code == 204
    assert served.get(path).json()["error"]["code"] == "WEBHOOK_NOT_FOUND"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": "http://agency.example.com/"},
        {"url": "https://a.example.com", "events": ["account.exploded"]},
        {"url": "https://a.example.com", "description": "x" * 501},
        {"url": "https://a.example.com", "enabled": "yes"},
    ],
)
def test_a_bad_endpoint_is_refused(served, body):
    answer = served.send("POST", "/webhooks", body)

    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"


def test_events_need_no_key(served):
    body = served.json("/webhooks/events", key=None)["data"]

    assert len(body["events"]) == 34


def test_an_event_is_signed_and_says_what_happened(served, receiver, hook):
    account = served.account_id("banned")
    order = {"type": "account.banned", "account_id": account}

    (sent,) = served.control("POST", "/webhooks/send", order)

    ((body, headers),) = receiver.received
    event = json.loads(body)
    assert valid(hook["signing_secret"], body, headers["tokportal-signature"])
    assert headers["tokportal-event-id"] == event["id"] == sent["event_id"]
    assert headers["tokportal-event-type"] == event["type"] == "account.banned"
    assert event["data"]["saved_account_id"] == account
    (delivery,) = served.pages(f"/webhooks/{hook['id']}/deliveries")
    assert (delivery["success"], delivery["event_id"]) == (True, event["id"])


@pytest.mark.parametrize(
    ("tamper", "accepted"),
    [
        ("byte", False),
        ("old", False),
        ("future", False),
        ("no_v1", False),
        ("two_v1", True),
        ("two_wrong_v1", False),
        ("wrong_secret", False),
        ("empty_secret", False),
        ("large", True),
    ],
)
def test_a_delivery_can_be_spoilt(served, receiver, hook, tamper, accepted):
    served.control("POST", "/webhooks/send", {"type": "account.banned", "tamper": tamper})

    ((body, headers),) = receiver.received
    assert valid(hook["signing_secret"], body, headers["tokportal-signature"]) == accepted
    assert (len(body) > 2 * 1024 * 1024) == (tamper == "large")
    assert json.loads(body)["type"] == "account.banned"


def test_an_event_can_be_repeated_and_only_subscribers_get_it(served, receiver, hook):
    served.control("POST", "/webhooks/send", {"type": "account.banned", "times": 3})
    assert served.control("POST", "/webhooks/send", {"type": "bundle.published"}) == []

    assert len({headers["tokportal-event-id"] for _, headers in receiver.received}) == 1
    assert len(receiver.received) == 3


def test_a_failed_delivery_can_be_retried(served, receiver, hook):
    receiver.status = 500
    (sent,) = served.control("POST", "/webhooks/send", {"type": "account.banned"})
    path = f"/webhooks/{hook['id']}/deliveries/{sent['delivery_id']}/retry"
    receiver.status = 200

    delivery = served.send("POST", path).json()["data"]

    assert sent["status_code"] == 500
    assert (delivery["success"], delivery["attempts"]) == (True, 2)
    assert receiver.received[0][0] == receiver.received[1][0]
    assert served.send("POST", f"/webhooks/{hook['id']}/test").json()["data"]["success"]
    assert json.loads(receiver.received[2][0])["type"] == "webhook.test"


def test_nothing_but_loopback_is_contacted(served):
    (seeded,) = [row for row in served.pages("/webhooks") if "example.com" in row["url"]]

    tested = served.send("POST", f"/webhooks/{seeded['id']}/test").json()["data"]

    assert not tested["success"]
    assert "loopback" in tested["error"]

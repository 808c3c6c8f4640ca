"""A webhook sender for tests, and `social listen` to send to."""

import hmac
import json
import time
from dataclasses import dataclass
from hashlib import sha256

import httpx

from pipelines.inbox import Inbox
from sources.tokportal.webhooks import read_event

SECRET = "whsec_canary5e1fd07_one"  # holds the canary: it must not be found anywhere afterwards
NEXT_SECRET = "whsec_canary5e1fd07_two"


def event(event_id, **data):
    """The bytes of an event."""
    body = {
        "id": event_id,
        "type": "account.finalized",
        "api_version": "2026-05-25",
        "created_at": "2026-05-28T08:00:00.000Z",
        "data": data,
    }
    return json.dumps(body).encode()


def signature(body, secret=SECRET, at=None):
    at = int(time.time()) if at is None else at
    return f"t={at},v1={hmac.new(secret.encode(), b'%d.' % at + body, sha256).hexdigest()}"


@dataclass
class Listener:
    """A running `social listen`."""

    running: object
    url: str

    def send(self, body, signed=None, event_id=None, **headers):
        """The status of a delivery's answer."""
        signed = signature(body) if signed is None else signed
        headers = {"TokPortal-Signature": signed, "Content-Type": "application/json", **headers}
        if event_id:
            headers["TokPortal-Event-Id"] = event_id
        return httpx.post(self.url, content=body, headers=headers, timeout=20).status_code

    def said(self, name):
        """How often an event of the log has been told."""
        return self.running.stderr.read_text().count(f'"event": "{name}"')


def start_listener(project, *flags, **env):
    """`social listen` on a free port, ready to receive."""
    env = {"SOURCES__TOKPORTAL__WEBHOOK_SECRETS": json.dumps([NEXT_SECRET, SECRET]), **env}
    running = project.start("listen", "--port", "0", "--log-format", "json", *flags, **env)
    running.wait_until(lambda: "listen.ready" in running.stderr.read_text(), "it listens")
    ready = next(line for line in running.stderr.read_text().splitlines() if "listen.ready" in line)
    return Listener(running, json.loads(ready)["url"])


def stored(project):
    """Events on disk that wait."""
    return sorted((project.folder / "inbox" / "warehouse" / "new").glob("*.json"))


def leave(project, events):
    """Events in the inbox, as the receiver stores them; data by event id."""
    inbox = Inbox(project.folder / "inbox" / "warehouse")
    for event_id, data in events.items():
        body = event(event_id, **data)
        assert inbox.put(body, read_event(body, None))

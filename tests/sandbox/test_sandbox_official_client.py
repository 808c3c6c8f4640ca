"""TokPortal's own Python client works against the sandbox, in both dialects."""

import csv
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from typing import Any

import pytest
from sandbox_client import SMALL, Client

tokportal = pytest.importorskip("tokportal", reason="pip install tokportal==0.1.0")


@pytest.fixture(scope="module", params=["first", "later"])
def box(request) -> Iterator[Client]:
    client = Client(replace(SMALL, dialect=request.param))
    yield client
    client.close()


@pytest.fixture
def official(box) -> Any:
    return tokportal.TokPortal(box.key, base_url=box.child.base_urls["tokportal"])


@pytest.fixture
def account(box) -> str:
    found: str = box.truth("accounts")[7]["account_id"]
    return found


def payload(body: Any) -> Any:
    return body.get("data", body)


def rows(body: Any) -> list[Any]:
    found = payload(body)
    names = ("snapshots", "comments", "rows", "points")
    return found if isinstance(found, list) else next(found[n] for n in names if n in found)


def test_dashboard_and_accounts(official, box):
    assert payload(official.analytics.dashboard(platform=["tiktok", "instagram"]))["accounts"]
    assert official.accounts.list(per_page=100)["pagination"]["total"] == SMALL.accounts
    assert payload(official.analytics.contract())["version"]
    assert official.me()["data"]["email"]


def test_drilldown_series_raw_and_comments(official, box, account):
    body = payload(official.analytics.account(account))
    assert len(body["posts"]) == len(box.truth("tracked_posts", account_id=account))
    assert rows(official.analytics.series(metric="followers", account=[account]))
    assert len(rows(official.analytics.account_raw(account, limit=3, source="bundle_social"))) == 3
    comment = box.truth("comments")[0]
    post = comment["tracked_post_id"]
    assert rows(official.analytics.account_comments(comment["account_id"], trackedPostId=post))
    assert rows(official.analytics.post_raw(post, limit=1))
    assert "analysis" in payload(official.analytics.comment_pulse(limit=5, account=account))


def test_the_older_paths(official, box, account):
    assert official.analytics.account_compatibility(account)["data"]["analytics_version"] == "v2"
    page = official.analytics.account_videos(account, sort_by="views", per_page=5)
    video = page["data"][0]
    assert official.analytics.video(video["tracked_post_id"])["data"]["url"] == video["url"]


def test_export(official, box):
    text = official.analytics.export_videos(platform=["tiktok"])

    sheet = list(csv.reader(StringIO(text, newline="")))
    truth = [row for row in box.truth("video_export") if row["platform"] == "tiktok"]
    assert len(sheet) == 1 + len(truth)


def test_refresh(official, account):
    assert official.accounts.can_refresh_analytics(account)["data"]["can_refresh"]
    done = official.accounts.refresh_analytics(account, {"includePosts": True})
    assert done["data"]["status"] == "scrape_queued"
    again = official.analytics.refresh_account(account, idempotency_key="twice")
    assert again["data"]["status"] == "refreshed"
    assert not official.accounts.can_refresh_analytics(account)["data"]["can_refresh"]


def test_reports(official):
    report = payload(official.analytics.create_report({"title": "April", "template": "board"}))
    assert report["token"] in report["url"]
    assert "<h1>April</h1>" in official.analytics.export_report_html({"title": "April"})


def test_agency(official, box):
    bundle = official.bundles.list(external_ref=box.truth("bundles")[0]["external_ref"])["data"][0]
    assert official.bundles.get(bundle["id"])["data"]["id"] == bundle["id"]
    assert payload(official.bundles.list_videos(bundle["id"])) is not None
    assert official.credits.history(page=1, per_page=50)["data"]
    assert official.credits.balance()["data"]
    assert official.credit_costs()["data"]


def test_every_read_operation_is_served_but_those_of_ordering_and_tasks(box):
    """The client's generated table is the full list of paths."""
    from tokportal._generated import OPERATION_DEFINITIONS

    reads = [one["path"] for one in OPERATION_DEFINITIONS.values() if one["method"] == "GET"]
    answers = {path: box.get(path.format(id="x", position=1)) for path in reads}
    refused = {path: one.json() for path, one in answers.items() if one.status_code == 404}
    missing = {path for path, body in refused.items() if body["error"]["code"] == "NOT_FOUND"}

    assert missing == {
        *("/bundles/{id}/publish-readiness", "/accounts/{id}/edit-request"),
        *("/accounts/{id}/warming-sessions", "/warming-sessions/{id}"),
        *("/videos/{id}/ad-code-request", "/comments", "/comments/{id}"),
        "/comments/{id}/verifications",
    }


def test_errors_are_understood(official, box):
    with pytest.raises(tokportal.TokPortalApiError) as refused:
        official.analytics.account("nobody")
    assert (refused.value.status, refused.value.code) == (404, "SAVED_ACCOUNT_NOT_FOUND")
    assert refused.value.request_id.startswith("req_")
    starter = tokportal.TokPortal("sk_sandbox_starter", base_url=official.base_url)
    with pytest.raises(tokportal.TokPortalApiError, match="plan"):
        starter.analytics.export_videos()


def test_webhooks_and_their_signatures(official, box):
    received: list[tuple[bytes, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((body, self.headers["TokPortal-Signature"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/"
    hook = official.webhooks.create({"url": url, "events": ["webhook.test", "account.banned"]})
    hook_id, secret = hook["data"]["id"], hook["data"]["signing_secret"]

    assert official.webhooks.test(hook_id)["data"]["success"]
    box.control("POST", "/webhooks/send", {"type": "account.banned", "tamper": "byte"})
    server.shutdown()
    server.server_close()

    checked = [tokportal.verify_webhook_signature(body, sign, secret) for body, sign in received]
    assert checked == [True, False]
    deliveries = official.webhooks.deliveries(hook_id, event_type="webhook.test")["data"]
    assert len(deliveries) == 1
    assert official.webhooks.update(hook_id, {"enabled": False})["data"]["enabled"] is False
    assert official.webhooks.events()["data"]["events"]
    assert official.webhooks.delete(hook_id) == {}
    assert hook_id not in {row["id"] for row in official.webhooks.list()["data"]}

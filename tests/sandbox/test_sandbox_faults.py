"""Every kind of fault, over a real socket."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from sandbox_client import SMALL, Client


@pytest.fixture
def sandbox(served) -> Iterator[Client]:
    """The shared sandbox: faults end with the test, and so does what was counted."""
    served.control("DELETE", "/requests")
    yield served
    served.control("DELETE", "/faults")


@pytest.fixture
def path(sandbox) -> str:
    return f"/analytics/accounts/{sandbox.account_id('busy')}"


def test_a_status_with_headers_hits_the_requests_it_names(sandbox, path):
    sandbox.fault(
        "status", path, status=503, code="DOWN", headers={"Retry-After": "1.5"}, skip=1, times=1
    )

    answers = [sandbox.get(path) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 503, 200]
    assert answers[1].headers["retry-after"] == "1.5"
    assert answers[1].json()["error"]["code"] == "DOWN"
    assert sandbox.get("/me").status_code == 200
    assert [fault["hits"] for fault in sandbox.control("GET", "/faults")] == [1]


def test_faults_can_be_chosen_by_query_and_removed(sandbox):
    sandbox.fault("status", "/accounts", query={"page": "2"}, status=500)

    assert sandbox.get("/accounts", page=1).status_code == 200
    assert sandbox.get("/accounts", page=2).status_code == 500
    sandbox.control("DELETE", "/faults")
    assert sandbox.get("/accounts", page=2).status_code == 200


def test_a_probable_fault_is_seeded(launch):
    def pattern() -> list[int]:
        sandbox = launch(SMALL)
        sandbox.fault("status", "/me", probability=0.5)
        return [sandbox.get("/me").status_code for _ in range(20)]

    first = pattern()
    assert first == pattern()
    assert set(first) == {200, 500}


def test_a_hint_that_is_disregarded_counts_as_early(sandbox):
    sandbox.fault("status", "/me", status=503, headers={"Retry-After": "30"}, times=1)
    sandbox.get("/me")
    time.sleep(0.1)

    sandbox.get("/accounts")
    assert sandbox.control("GET", "/requests")["early"] == 0, "a 503 is about its own path"
    sandbox.get("/me")
    assert sandbox.control("GET", "/requests")["early"] == 1


@pytest.mark.parametrize(
    ("kind", "body"),
    [("empty_object", {}), ("null_data", {"data": None}), ("error_200", None)],
)
def test_well_formed_answers_without_data(sandbox, path, kind, body):
    sandbox.fault(kind, path)

    answer = sandbox.get(path)

    assert answer.status_code == 200
    assert answer.json() == body or "error" in answer.json()


def test_html_and_redirects(sandbox, path):
    sandbox.fault("html", path, times=1)
    sandbox.fault("redirect", "/me", location="http://127.0.0.1:9/x")

    assert sandbox.get(path).headers["content-type"].startswith("text/html")
    answer = sandbox.get("/me")
    assert (answer.status_code, answer.headers["location"]) == (302, "http://127.0.0.1:9/x")


@pytest.mark.parametrize("kind", ["truncate", "reset"])
def test_broken_connections(sandbox, path, kind):
    sandbox.fault(kind, path, times=1)

    with pytest.raises(httpx.TransportError):
        sandbox.get(path)
    assert sandbox.get(path).status_code == 200
    statuses = [entry["status"] for entry in sandbox.control("GET", "/log")]
    assert statuses[-2:] == [0 if kind == "reset" else 200, 200]


def test_json_cut_in_half_has_the_right_length(sandbox, path):
    sandbox.fault("cut_json", path)

    with pytest.raises(json.JSONDecodeError):
        sandbox.get(path).json()


def test_slow_and_dripping_answers(sandbox):
    sandbox.fault("slow", "/me", seconds=0.3)
    sandbox.fault("drip", "/accounts", chunk=100, interval=0.02)

    started = time.perf_counter()
    sandbox.get("/me")
    waited = time.perf_counter()
    assert waited - started >= 0.3
    assert sandbox.get("/accounts").json()["data"]
    assert time.perf_counter() - waited >= 0.2


def test_bombs(sandbox):
    sandbox.fault("gzip_bomb", "/me", n=8)
    sandbox.fault("deep_json", "/accounts", depth=5000)

    answer = sandbox.get("/me")
    assert int(answer.headers["content-length"]) < 20_000
    assert len(answer.content) > 8 * 2**20
    assert sandbox.get("/accounts").content.count(b"[") == 5000


@pytest.mark.parametrize(
    "text", ["NaN", '"1.2K"', "9223372036854775808", '"\\ud800"', "null", '1,"views":2']
)
def test_any_text_can_be_planted(sandbox, path, text):
    sandbox.fault("patch", path, patches=[{"pointer": "posts.1.views", "json": text}])

    body = sandbox.get(path).content

    assert body.count(f'"views":{text}'.encode()) == 1


def test_fields_can_be_dropped_everywhere(sandbox, path):
    sandbox.fault(
        "patch",
        path,
        patches=[{"pointer": "posts.*.views", "drop": True}, {"pointer": "novel", "json": "1"}],
    )

    body = sandbox.json(path)

    assert not any("views" in post for post in body["posts"])
    assert body["novel"] == 1


def test_replace_serves_any_text(sandbox):
    sandbox.fault("replace", "/me", body='{"data": [1,', status=201)

    answer = sandbox.get("/me")
    assert (answer.status_code, answer.text) == (201, '{"data": [1,')


def test_lists_can_be_empty_short_or_repeated(sandbox):
    sandbox.fault("short_rows", "/accounts", query={"page": "1"})
    sandbox.fault("repeat_page", "/accounts", query={"page": "2"})
    sandbox.fault("empty_rows", "/accounts", query={"page": "3"})
    sandbox.fault("empty_rows", "/accounts", query={"page": "4"}, total=0)

    pages = [sandbox.json("/accounts", page=n, per_page=4) for n in range(1, 5)]

    assert [len(page["data"]) for page in pages] == [2, 4, 0, 0]
    assert pages[1]["data"][:2] == pages[0]["data"]
    assert [page["pagination"]["page"] for page in pages] == [1, 2, 3, 4]
    assert [page["pagination"]["total"] for page in pages] == [8, 8, 8, 0]


def test_rows_can_claim_another_account(sandbox, path):
    sandbox.fault("swap_account", f"{path}(/raw)?")

    assert sandbox.json(path)["account"]["id"] not in path
    assert all(row["account_id"] not in path for row in sandbox.json(f"{path}/raw")["data"])
    post = sandbox.truth("tracked_posts")[0]
    raw = f"/analytics/posts/{post['tracked_post_id']}/raw"
    sandbox.fault("swap_account", raw)
    assert all(row["account_id"] != post["account_id"] for row in sandbox.json(raw)["data"])


def test_an_older_drilldown(launch):
    sandbox = launch(SMALL)
    path = f"/analytics/accounts/{sandbox.account_id('busy')}"
    before = sandbox.json(path)
    sandbox.advance(24)
    sandbox.fault("older", path, hours=24, times=1)

    assert sandbox.json(path) == before
    assert sandbox.json(path) != before


def test_faults_from_the_command_line(launch):
    sandbox = launch(replace(SMALL, faults=("503:/me:1", "html=/accounts")))

    assert [sandbox.get("/me").status_code for _ in range(2)] == [503, 200]
    assert sandbox.get("/accounts").text.startswith("<!doctype")


@pytest.mark.parametrize(
    "spec", [{"kind": "flood"}, {"kind": "patch"}, {"kind": "html", "path": "("}, [1]]
)
def test_a_fault_that_makes_no_sense_is_refused(sandbox, spec):
    answer = httpx.post(f"{sandbox.child.url}/_sandbox/faults", json=spec)

    assert answer.status_code == 400
    assert answer.json()["error"]

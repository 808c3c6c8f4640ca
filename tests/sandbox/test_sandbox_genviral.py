"""Genviral: what is served is the truth in either dialect, and every oddity can be had."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sandbox_client import SMALL, Client

from sandbox.server import Settings

ROWS = "/analytics/summary/posts"
COUNTERS = ("views", "likes", "comments", "shares", "saves")
SETTINGS = replace(SMALL, genviral_rate=1_000_000)


class Genviral(Client):
    """A sandbox as a reader of Genviral sees it."""

    def ask(self, path: str, method: str = "GET", token: str = "", **params: Any) -> httpx.Response:
        token = token or self.child.keys["genviral"]
        return self._http.request(
            method,
            self.child.base_urls["genviral"] + path,
            params=params or None,
            headers={"Authorization": f"Bearer {token}"},
        )

    def data(self, path: str, method: str = "GET", **params: Any) -> Any:
        body = self.ask(path, method, **params).json()
        assert (body["ok"], body["code"]) == (True, 200), body
        return body["data"]

    def walk(self, limit: int = 40, **params: Any) -> list[dict[str, Any]]:
        """All rows, page by page."""
        rows: list[dict[str, Any]] = []
        while True:
            page = self.data(ROWS, offset=len(rows), limit=limit, **{"range": "all", **params})
            rows += page["posts"]
            if not page["hasMore"]:
                assert len(rows) == page["totalCount"]
                return rows

    def each(self) -> list[dict[str, Any]]:
        """All rows target by target, each on one page, where ties cannot do harm."""
        targets = [row["target_id"] for row in self.known("targets")]
        return [row for one in targets for row in self.walk(limit=100, accounts=one)]

    def known(self, table: str, **params: str) -> list[dict[str, Any]]:
        return self.truth(f"genviral/{table}", **params)

    def target_id(self, place: int = 0) -> str:
        """The target of the account at this place of the world; the first has most posts."""
        found: str = self.known("targets")[place]["target_id"]
        return found

    def refusal(self, path: str, method: str = "GET", **params: Any) -> tuple[int, str]:
        body = self.ask(path, method, **params).json()
        assert "data" not in body
        assert body["ok"] is False
        return body["code"], body["error_code"]


@pytest.fixture(scope="module")
def shared() -> Iterator[Genviral]:
    client = Genviral(SETTINGS)
    yield client
    client.close()


@pytest.fixture
def genviral(shared) -> Iterator[Genviral]:
    """The shared sandbox without faults of other tests; edits and the clock stay."""
    shared.control("DELETE", "/requests?provider=genviral")
    yield shared
    shared.control("DELETE", "/faults")


@pytest.fixture(scope="module")
def later() -> Iterator[Genviral]:
    client = Genviral(replace(SETTINGS, dialect="later", genviral_rate=120))
    yield client
    client.close()


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def told(row: dict[str, Any]) -> tuple[Any, ...]:
    """A served row as the truth has it."""
    return (
        row["id"],
        row.get("genviralPostId"),
        row.get("externalId"),
        moment(row["publishedAt"]),
        row.get("caption"),
        row["permalink"],
        row.get("durationSeconds"),
        *(row["metrics"].get(name) for name in COUNTERS),
        row.get("engagementRate"),
        row["platform"],
        row["accountIdentifier"],
        row.get("accountDisplayName"),
        row.get("accountAvatarUrl"),
    )


def true(row: dict[str, Any]) -> tuple[Any, ...]:
    return (
        row["analytics_id"],
        row["genviral_post_id"],
        row["external_id"],
        moment(row["published_at"]),
        row["caption"],
        row["url"],
        row["duration_seconds"],
        *(row[name] for name in COUNTERS),
        row["engagement_rate_reported"],
        row["platform"],
        row["account_identifier"],
        row["account_display_name"],
        row["account_avatar_url"],
    )


COLUMNS = {
    "targets": "target_id platform identifier normalized_identifier display_name workspace_id"
    " user_id favorite free_refresh_available last_refreshed_at",
    "target_snapshots": "target_id captured_at followers following views likes posts_tracked",
    "posts": "analytics_id target_id platform platform_post_id genviral_post_id external_id"
    " account_identifier account_display_name account_avatar_url url caption thumbnail_url"
    " duration_seconds published_at views likes comments shares saves engagement_rate_reported",
    "post_snapshots": "analytics_id target_id fetched_on views likes comments shares saves"
    " engagement_rate_reported",
    "daily_series": "target_id date views_gained likes_gained comments_gained shares_gained"
    " saves_gained engagement_rate_reported posts_published",
    "accounts": "account_id platform type username display_name status workspace_id",
    "published_posts": "post_id caption status scheduled_at created_at music_url external_id"
    " accounts_total",
    "published_post_accounts": "post_id account_id status published_at error_message"
    " last_attempted_at published_url",
    "subscription_snapshots": "scope workspace_id status tier billing_interval renews_at"
    " credits_limit credits_used credits_remaining credits_reset_at",
}


def test_the_truth_has_the_columns_of_the_warehouse(genviral):
    assert genviral.control("GET", "/truth?provider=genviral") == list(COLUMNS)
    for table, columns in COLUMNS.items():
        assert {" ".join(row) for row in genviral.known(table)} == {columns}


def test_faults_can_be_planted_from_the_command_line(launch):
    sandbox = launch(replace(SETTINGS, faults=("genviral/503:/accounts:1",)))
    (planted,) = sandbox.control("GET", "/faults")

    assert (planted["provider"], planted["kind"], planted["status"]) == ("genviral", "status", 503)


@pytest.mark.parametrize("dialect", ["shared", "later"])
def test_rows_are_the_truth_in_either_dialect(dialect, request):
    client = request.getfixturevalue(dialect)

    rows = client.each()

    assert sorted(map(told, rows), key=str) == sorted(map(true, client.known("posts")), key=str)
    assert ("analyticsId" in rows[0]) == (dialect == "shared")


def test_rows_have_what_makes_them_hard(genviral):
    rows, known = genviral.walk(), genviral.known("posts")

    by_id = {row["analytics_id"]: row for row in known}
    hidden = [row for row in rows if row["platformPostId"] is None]
    assert hidden
    ids = [(by_id[row["id"]]["platform_post_id"], row) for row in hidden]
    assert all(known_id in row["permalink"] for known_id, row in ids if known_id is not None)
    # An address of Instagram holds a shortcode, which is no id.
    assert {row["platform"] for known_id, row in ids if known_id is None} == {"instagram"}
    assert 0.1 < sum(row["genviralPostId"] is not None for row in rows) / len(rows) < 0.35
    assert any(row["genviralPostId"] and not row["externalId"] for row in rows)
    assert {row["genviralPostId"] for row in rows} - {None} <= {
        row["post_id"] for row in genviral.known("published_posts")
    }
    assert any(row["durationSeconds"] is None for row in rows)
    times = Counter((row["accountIdentifier"], row["publishedAt"]) for row in rows)
    assert max(times.values()) > 1, "times that are equal"
    assert all(row["publishedAt"].endswith(".000Z") for row in rows)


def test_both_spellings_choose_the_same(genviral):
    one = genviral.target_id()
    pairs = [
        ({"accounts": one}, {"account_ids": one}),
        ({"platforms": "youtube,instagram"}, {"platform": "youtube,instagram"}),
        ({"sortBy": "likes", "sortOrder": "asc"}, {"sort_by": "likes", "sort_order": "asc"}),
    ]

    for camel, snake in pairs:
        rows = genviral.walk(**camel)
        assert rows == genviral.walk(**snake)
        assert rows != genviral.walk()
    assert {row["platform"] for row in genviral.walk(platform="youtube")} == {"youtube"}
    likes = [row["metrics"]["likes"] for row in genviral.walk(sortBy="likes")]
    assert likes == sorted(likes, reverse=True)


def test_windows_are_whole_days_and_the_default_is_thirty_of_them(genviral):
    every = [moment(row["publishedAt"]) for row in genviral.walk(sortOrder="asc")]
    now = moment(genviral.control("GET", "/info")["now"])
    day = every[len(every) // 2].date()

    chosen = genviral.walk(start=day.isoformat(), end=day.isoformat(), range="14d")
    month = genviral.data(ROWS)["totalCount"]

    assert len(chosen) == sum(at.date() == day for at in every)
    assert month == sum((now - at).total_seconds() <= 30 * 86_400 for at in every) < len(every)


@pytest.mark.parametrize(
    "params",
    [
        *({"range": "7d"}, {"platforms": "myspace"}, {"sortBy": "saves"}, {"sort_order": "up"}),
        *({"limit": 101}, {"limit": 0}, {"limit": "x"}, {"offset": 10_001}, {"offset": -1}),
        *({"start": "2026-05-01"}, {"start": "2026-05-01", "end": "May"}),
        {"start": "2026-05-02", "end": "2026-05-01"},
    ],
)
def test_what_is_not_documented_is_refused(genviral, params):
    assert genviral.refusal(ROWS, **params) == (400, "invalid_payload")


def test_keys(genviral):
    assert genviral.ask("/accounts", token="gva_sandbox_x.y_z").status_code == 200
    assert genviral.refusal("/accounts", token="gva_sandbox_x") == (401, "invalid_token")
    bare = httpx.get(genviral.child.base_urls["genviral"] + "/accounts").json()
    assert (bare["code"], bare["error_code"]) == (401, "unauthorized")
    genviral.edit("revoke_key", key="gva_sandbox_gone.z")
    assert genviral.refusal("/accounts", token="gva_sandbox_gone.z") == (401, "invalid_token")


def test_targets_in_both_dialects(shared, later):
    brief = {"id", "target_id", "platform", "identifier", "display_name", "free_refresh_available"}
    for client in (shared, later):
        known = {row["target_id"]: row for row in client.known("targets")}
        newest = {row["target_id"]: row for row in client.known("target_snapshots")}
        listed = client.data("/analytics/targets")["targets"]

        assert {row["id"] for row in listed} == known.keys()
        assert len(known) == 7, "the empty account has none yet"
        assert (listed[0].keys() == brief) == (client is later)
        for row in listed:
            whole = client.data(f"/analytics/targets/{row['id']}")["target"]
            last, truth = whole["last_snapshot"], newest[row["id"]]
            assert moment(whole["last_refreshed_at"]) == moment(truth["captured_at"])
            assert int(last["followers"]) == truth["followers"]
            assert int(last["posts"]) == truth["posts_tracked"]
            assert whole["normalized_identifier"] == known[row["id"]]["normalized_identifier"]


@pytest.mark.parametrize("dialect", ["shared", "later"])
def test_days_of_a_target(dialect, request):
    client = request.getfixturevalue(dialect)
    target = client.target_id()

    body = client.data("/analytics/summary", range="all", accounts=target)

    counts = {row["date"]: row["count"] for row in body["postingHeatmap"]}
    rates = {row["date"]: row for row in body["engagementSeries"]}
    served = [
        (
            row["date"],
            *(row.get(name) for name in COUNTERS),
            rates[row["date"]].get("value", rates[row["date"]].get("engagementRate")),
            counts[row["date"]],
        )
        for row in body["interactionSeries"]
    ]
    assert served == [
        (
            row["date"],
            *(row[f"{name}_gained"] for name in COUNTERS),
            row["engagement_rate_reported"],
            row["posts_published"],
        )
        for row in client.known("daily_series", account_id=target)
    ]
    kpi = body["kpis"]["likes"]
    assert (kpi["value"] if dialect == "later" else kpi) == sum(row[2] for row in served)
    assert (served[0][1] is None) == (dialect == "later")


@pytest.mark.parametrize("dialect", ["first", "later"])
def test_recent_days_can_be_provisional_and_reach_their_final_value(dialect, request):
    client = Genviral(replace(SETTINGS, dialect=dialect, genviral_restated_days="2-4"))
    request.addfinalizer(client.close)
    key = ("target_id", "date")

    def days(**asked: str) -> dict[tuple[str, ...], int]:
        rows = client.known("daily_series", **asked)
        return {tuple(row[name] for name in key): row["likes_gained"] for row in rows}

    final = days(final="true")
    before = days()
    client.advance(hours=24 * 8)
    after = days()

    changed = {place for place in final if before[place] != final[place]}
    assert changed
    assert all(before[place] < final[place] for place in changed)
    assert {place: after[place] for place in final} == final


def test_the_summary_adds_targets_up(genviral):
    whole = genviral.data("/analytics/summary")
    parts = [
        genviral.data("/analytics/summary", accounts=row["target_id"])["kpis"]
        for row in genviral.known("targets")
    ]

    for name in ("publishedVideos", "activeAccounts", *COUNTERS):
        assert whole["kpis"][name] == sum(part[name] for part in parts)
    assert sum(row["count"] for row in whole["contentMix"]) == whole["kpis"]["publishedVideos"]


def test_each_target_is_refreshed_at_an_hour_of_its_own(genviral):
    before = {row["target_id"]: row for row in genviral.known("targets")}
    rows = {row["id"]: row for row in genviral.walk()}
    hours = {row["last_refreshed_at"][11:16] for row in before.values()}
    assert len(hours) == len(before)

    genviral.advance(hours=30)

    after = {row["target_id"]: row for row in genviral.known("targets")}
    moved = [
        one for one in before if after[one]["last_refreshed_at"] != before[one]["last_refreshed_at"]
    ]
    assert 3 <= len(moved) < len(after)
    assert {row["id"]: row for row in genviral.walk()}.items() != rows.items()
    assert sorted(map(told, genviral.walk()), key=str) == sorted(
        map(true, genviral.known("posts")), key=str
    )


def test_a_deleted_post_goes_with_the_next_refresh(genviral):
    post = genviral.truth("tracked_posts", account_id=genviral.account_id("giant"))[0]
    genviral.edit("delete_post", id=post["tracked_post_id"])
    assert post["url"] in {row["permalink"] for row in genviral.walk()}

    genviral.advance(hours=72)

    assert post["url"] not in {row["permalink"] for row in genviral.walk()}


def test_a_match_can_come_late_and_stays():
    client = Genviral(replace(SETTINGS, accounts=2, posts=1_500))
    before = {row["analytics_id"]: row["genviral_post_id"] for row in client.known("posts")}
    client.advance(hours=72)
    after = {row["analytics_id"]: row["genviral_post_id"] for row in client.known("posts")}
    client.close()

    changes = [(before[one], after[one]) for one in before.keys() & after.keys()]
    fresh = [(old, new) for old, new in changes if old != new]
    assert fresh
    assert all(old is None for old, _ in fresh)


def test_posting_accounts_and_posts(shared, later):
    for client in (shared, later):
        accounts = client.data("/accounts")["accounts"]
        assert {row["id"] for row in accounts} == {
            r["account_id"] for r in client.known("accounts")
        }
        assert not {row["id"] for row in accounts} & {
            r["target_id"] for r in client.known("targets")
        }
        assert len(accounts) == 3, "the banned one is not listed"

        known = {row["post_id"]: row for row in client.known("published_posts")}
        found: dict[str, dict[str, Any]] = {}
        until = None
        while True:
            asked = {"limit": 20} | ({"until": until} if until else {})
            page = client.data("/posts", **asked)["posts"]
            fresh = {row["id"]: row for row in page if row["id"] not in found}
            if not fresh:
                break
            found |= fresh
            until = page[-1]["created_at"]
        assert found.keys() == known.keys()
        statuses = {row["status"] for row in found.values()}
        assert statuses >= {"draft", "scheduled", "posted", "failed", "partial", "deleted"}
        some = next(row for row in found.values() if row["status"] == "partial")
        assert client.data(f"/posts/{some['id']}") == some
        states = sum(len(row["accounts"]["states"]) for row in found.values())
        assert states == len(client.known("published_post_accounts"))
        assert client.refusal("/posts/nobody") == (404, "not_found")


def test_a_refresh_is_free_once_and_then_costs(genviral):
    target = genviral.target_id()
    path = f"/analytics/targets/{target}/refresh"
    credits = genviral.known("subscription_snapshots")[0]["credits_remaining"]

    begun = genviral.data(path, "POST")
    assert (begun["wasFree"], begun["refresh"]["status"]) == (True, "pending")
    assert genviral.refusal(path, "POST") == (409, "analytics_conflict")
    poll = f"/analytics/refreshes/{begun['refresh']['id']}"
    assert [genviral.data(poll)["status"] for _ in range(2)] == ["pending", "processing"]
    now = genviral.advance(hours=1 / 120)
    assert genviral.data(poll)["status"] == "completed"
    whole = genviral.data(f"/analytics/targets/{target}")["target"]
    assert moment(whole["last_refreshed_at"]) == moment(now)
    assert whole["free_refresh_available"] is False

    assert genviral.data(path, "POST")["refresh"]["credits_used"] == 1
    plan = genviral.data("/subscription")["subscription"]["credits"]
    assert plan["remaining"] == credits - 1
    genviral.advance(hours=1)
    genviral.edit("genviral_set_credits", n=0)
    assert genviral.refusal(path, "POST") == (402, "insufficient_credits")
    genviral.edit("genviral_set_credits", n=50)


def test_a_target_cannot_be_asked_too_often_and_a_refresh_can_fail(genviral):
    target = genviral.target_id(1)
    path = f"/analytics/targets/{target}/refresh"
    genviral.edit("genviral_fail_refreshes", times=1)
    before = genviral.known("targets")[1]["last_refreshed_at"]

    begun = genviral.data(path, "POST")["refresh"]
    genviral.advance(hours=1 / 60)

    ended = genviral.data(f"/analytics/refreshes/{begun['id']}")
    assert (ended["status"], bool(ended["error"])) == ("failed", True)
    assert genviral.known("targets")[1]["last_refreshed_at"] == before
    for _ in range(4):
        genviral.data(path, "POST")
        genviral.advance(hours=1 / 60)
    assert genviral.refusal(path, "POST") == (429, "rate_limited")
    assert genviral.control("GET", "/requests?provider=genviral")["forbidden"] == 0


def test_what_changes_things_is_refused_and_counted(genviral):
    target = genviral.target_id()
    assert genviral.refusal("/analytics/targets", "POST") == (405, "method_not_allowed")
    for method in ("PATCH", "DELETE"):
        assert genviral.ask(f"/analytics/targets/{target}", method).status_code == 405
    genviral.ask("/posts", "POST")

    counted = genviral.control("GET", "/requests?provider=genviral")
    assert (counted["forbidden"], counted["total"]) == (4, 4)
    assert counted["by_route"]["DELETE /analytics/targets/{id}"] == 1
    log = genviral.control("GET", "/log?provider=genviral")
    assert log[-1]["path"] == "/posts"
    assert genviral.control("GET", "/requests")["forbidden"] == 0


def test_the_rate_has_a_hint_in_the_first_dialect_only(launch):
    for dialect, hinted in (("first", True), ("later", False)):
        client = Genviral(replace(SMALL, genviral_rate=2, dialect=dialect))
        answers = [client.ask("/accounts") for _ in range(3)]
        client.close()

        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[2].json()["error_code"] == "rate_limited"
        assert ("retry-after" in answers[2].headers) == hinted


def test_posts_come_and_go_by_hand(genviral):
    target = genviral.target_id()
    rows = genviral.walk(accounts=target, sortOrder="asc")
    between = rows[len(rows) // 2]["publishedAt"]

    added = genviral.edit("genviral_insert_post", target_id=target, published_at=between)["id"]

    after = genviral.walk(accounts=target, sortOrder="asc")
    assert len(after) == len(rows) + 1
    assert next(row for row in after if row["id"] == added)["publishedAt"] == between
    assert added not in {row["tracked_post_id"] for row in genviral.truth("tracked_posts")}
    genviral.edit("genviral_drop_post", analytics_id=added)
    assert genviral.walk(accounts=target, sortOrder="asc") == rows


def test_a_post_is_inserted_between_two_pages(genviral):
    target = genviral.target_id()
    asked = {"accounts": target, "range": "all", "sortOrder": "asc", "limit": 20}
    genviral.edit("genviral_insert_between", target_id=target, after_requests=2)

    pages = [genviral.data(ROWS, offset=at, **asked) for at in (0, 20, 40)]

    assert pages[1]["totalCount"] == pages[0]["totalCount"] == pages[2]["totalCount"] - 1
    assert pages[2]["posts"][0] == pages[1]["posts"][-1], "everything moved down by one"
    everything = genviral.walk(accounts=target)
    seen = {row["id"] for page in pages for row in page["posts"]}
    assert everything[-1]["id"] not in seen


def test_targets_are_removed_restored_and_renamed(genviral):
    target = genviral.target_id(6)
    rows = genviral.walk(accounts=target)
    genviral.edit("genviral_remove_target", target_id=target)
    assert genviral.refusal(f"/analytics/targets/{target}") == (404, "not_found")
    assert genviral.walk(accounts=target) == []

    genviral.edit("genviral_restore_target", target_id=target)
    genviral.edit("genviral_rename_target", target_id=target, identifier="New.Name")

    renamed = genviral.walk(accounts=target)
    assert [row["id"] for row in renamed] == [row["id"] for row in rows]
    assert {row["accountIdentifier"] for row in renamed} == {"@New.Name"}
    assert genviral.known("targets", account_id=target)[0]["normalized_identifier"] == "new.name"


def test_faults_speak_genviral(genviral):
    def plant(kind: str, path: str = ROWS, **fields: Any) -> None:
        genviral.fault(kind, path, provider="genviral", **fields)

    plant("status", "/accounts", status=503, times=1)
    assert genviral.refusal("/accounts") == (503, "internal_error")
    assert genviral.get("/me").status_code == 200
    whole = genviral.walk(sortOrder="asc", limit=100)
    plant("repeat_page", query={"offset": "40"}, times=1)
    page = genviral.data(ROWS, range="all", sortOrder="asc", limit=20, offset=40)
    assert page["posts"] == whole[20:40]
    plant("empty_rows", query={"offset": "20"}, times=1)
    empty = genviral.data(ROWS, range="all", limit=20, offset=20)
    assert (empty["posts"], empty["hasMore"]) == ([], True)
    plant("patch", patches=[{"pointer": "data.totalCount", "json": "3"}], times=1)
    assert genviral.data(ROWS)["totalCount"] == 3
    plant("swap_account", times=1)
    rows = genviral.data(ROWS, accounts=genviral.target_id(), limit=3)["posts"]
    assert {r["accountIdentifier"] for r in rows} != {whole[0]["accountIdentifier"]}
    plant("null_data", times=1)
    assert genviral.ask(ROWS).json() == {"ok": True, "code": 200, "message": "OK", "data": None}


def test_ties_change_their_order_in_the_later_dialect(later):
    asked = {"range": "all", "limit": 100, "sortOrder": "asc", "accounts": later.target_id()}
    pages = [later.data(ROWS, **asked)["posts"] for _ in range(20)]

    assert len({tuple(row["id"] for row in page) for page in pages}) > 1
    assert len({tuple(moment(row["publishedAt"]) for row in page) for page in pages}) == 1


def test_owners_are_apart_and_the_second_one_is_personal(launch):
    client = Genviral(replace(SETTINGS, tenants=2))
    token = "gva_sandbox_b.secret"
    mine = {row["id"] for row in client.data("/analytics/targets")["targets"]}
    body = client.ask("/analytics/targets", token=token).json()["data"]
    known = client.known("targets", tenant="b")
    client.close()

    assert {row["id"] for row in body["targets"]} == {row["target_id"] for row in known}
    assert not mine & {row["id"] for row in body["targets"]}
    assert body["workspace_id"] is None


def test_a_refresh_can_take_real_time():
    client = Genviral(replace(SETTINGS, refresh_real_seconds=0.2))
    begun = client.data(f"/analytics/targets/{client.target_id()}/refresh", "POST")["refresh"]
    poll = f"/analytics/refreshes/{begun['id']}"
    assert client.data(poll)["status"] == "pending"
    time.sleep(0.4)
    ended = client.data(poll)
    client.close()
    assert (ended["status"], ended["completed_at"]) == ("completed", "2026-05-28T09:00:00.000Z")


def test_a_page_of_a_huge_target_is_fast():
    """A page of a hundred in under 15 ms, once the target's list has been made."""
    client = Genviral(Settings(accounts=1, posts=25_000, genviral_rate=1_000_000))
    asked = {"range": "all", "limit": 100, "sortOrder": "asc", "accounts": client.target_id()}
    assert client.data(ROWS, **asked)["totalCount"] > 20_000
    started = time.perf_counter()
    for offset in range(0, 10_001, 500):
        assert len(client.data(ROWS, offset=offset, **asked)["posts"]) == 100
    took = (time.perf_counter() - started) / 21
    assert client.refusal(ROWS, offset=10_100) == (400, "invalid_payload")
    client.close()
    assert took < 0.015

"""Bundles, bans, credits, webhooks, the pulse: equal to the truth, asked when due, no secrets."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sources.tokportal.agency_tables import BUNDLES
from sources.tokportal.bundles import videos_due
from sources.tokportal.digest import digest

KEYS = {
    "bundles": ("bundle_id",),
    "bundle_videos": ("bundle_id", "position"),
    "account_bans": ("ban_id",),
    "credit_transactions": ("transaction_id",),
    "webhook_endpoints": ("webhook_id",),
    "webhook_deliveries": ("delivery_id",),
}
STREAMS = ",".join(f"tokportal.{name}" for name in (*KEYS, "comment_pulse_snapshots", "clients"))
OWNER_ROUTES = (
    *("GET /bundles", "GET /bundles/{id}/videos", "GET /accounts/{id}/bundles"),
    *("GET /account-bans", "GET /credits/history", "GET /analytics/comments"),
    *("GET /webhooks", "GET /webhooks/{id}/deliveries"),
)
SECRET = "whsec_planted_in_the_answer"


def held(project: Any, table: str, columns: list[str]) -> list[tuple[Any, ...]]:
    """Rows of the warehouse as the truth writes them."""
    names = ", ".join(columns)
    return [tuple(map(_plain, row)) for row in project.query(f"select {names} from {table}")]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value


def differences(sandbox: Any, project: Any, table: str) -> tuple[list[Any], list[Any]]:
    """Rows that only the truth has, and rows that only the warehouse has."""
    truth = sandbox.control("GET", f"/truth/{table}")
    columns = sorted(truth[0])
    expected = [_comparable(columns, [row[name] for name in columns]) for row in truth]
    found = [_comparable(columns, row) for row in held(project, table, columns)]
    return sorted(set(expected) - set(found)), sorted(set(found) - set(expected))


def _comparable(columns: list[str], row: Sequence[Any]) -> str:
    """A row as text: JSON as its value, 12 and 12.0 as one number."""
    values = []
    for name, value in zip(columns, row, strict=True):
        if name in ("breakdown", "events") and isinstance(value, str):
            value = json.loads(value)
        if isinstance(value, str):
            value = value.replace("\0", "\ufffd")  # no database stores NUL
        whole = isinstance(value, int) and not isinstance(value, bool)
        values.append(float(value) if whole else value)
    return json.dumps(values)


@dataclass
class Story:
    """What a first sync, an idle one and one a day later came to."""

    project: Any
    asked: list[dict[str, int]] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    wrong: dict[str, dict[str, Any]] = field(default_factory=dict)
    queries: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=20, posts=40, days=6)


@pytest.fixture(scope="module")
def story(sandbox, new_project):
    project = new_project(sandbox)
    told = Story(project)
    planted = {"pointer": "data.*.signing_secret", "json": json.dumps(SECRET)}
    sandbox.fault("patch", "/webhooks", patches=[planted], times=None)

    def sync(moment: str) -> None:
        sandbox.count_anew()
        told.codes.append(project.sync("-s", STREAMS).code)
        told.asked.append(sandbox.requests()["by_route"])
        told.wrong[moment] = {name: differences(sandbox, project, name) for name in KEYS}

    sync("at first")
    sync("idle")
    sandbox.advance(days=1)
    sync("a day later")
    told.queries = [json.dumps(request) for request in sandbox.log()]
    sandbox.clear_faults()
    return told


@pytest.mark.parametrize("moment", ["at first", "idle", "a day later"])
@pytest.mark.parametrize("table", KEYS)
def test_table_equals_the_truth(story, table, moment):
    """Nothing lost, nothing invented, at every moment."""
    assert story.codes == [0, 0, 0]
    assert story.wrong[moment][table] == ([], [])


def test_sync_within_the_hour_asks_nothing_of_the_owner(story):
    """What belongs to the owner is asked once an hour, so an idle sync is an index pass."""
    assert all(route in story.asked[0] for route in OWNER_ROUTES if "accounts" not in route)
    assert not set(OWNER_ROUTES) & set(story.asked[1])


def test_bans_and_credits_are_asked_from_their_cursors(story):
    """`since` and `date_from` are inclusive, and sent from the second listing on."""
    assert any("since=2026-" in query for query in story.queries)
    assert any("date_from=2026-" in query for query in story.queries)


def test_rows_that_did_not_change_are_not_written_again(story):
    """A day later the same bundle, ban or booking is the same row of the same load."""
    for table in ("bundles", "bundle_videos", "credit_transactions", "webhook_deliveries"):
        loads = dict(story.project.query(f"select _dlt_load_id, count(*) from {table} group by 1"))
        assert max(loads.values()) == loads[min(loads)], table


def test_pulse_is_kept_when_it_changed(story):
    """One row per change; all three parts are there, and the answer as it came."""
    rows = story.project.query(
        "select comments, analysis, sampled_posts, payload from comment_pulse_snapshots"
    )
    assert 1 <= len(rows) <= 2
    assert all(all(part is not None for part in row) for row in rows)
    assert all("comments" in json.loads(payload) for *_, payload in rows)


def test_signing_secret_is_never_stored(story):
    """Not in a column, not in a payload, not in any file beside the warehouse."""
    for file in story.project.folder.rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file
    rows = story.project.query("select t::varchar from webhook_endpoints t")
    assert rows
    assert not any("secret" in row for (row,) in rows)


@pytest.mark.slow
def test_failed_bans_are_asked_again_from_the_same_cursor(sandbox, story):
    """A page that failed moves nothing: the next run brings what was missed."""
    sandbox.advance(days=2)
    sandbox.fault("error_200", "/account-bans", times=None)
    failed = story.project.sync("-s", "tokportal.account_bans,tokportal.bundles")
    sandbox.clear_faults()

    ran = story.project.sync("-s", "tokportal.account_bans")

    assert (failed.code, ran.code) == (3, 0)
    assert {error["stream"] for error in failed.result["errors"]} == {"account_bans"}
    assert differences(sandbox, story.project, "account_bans") == ([], [])
    assert differences(sandbox, story.project, "bundles") == ([], [])


def test_endpoints_that_are_not_there_or_not_in_the_plan_are_skips(sandbox, new_project):
    """404 and 403 leave the stream out with a reason; everything else is loaded; exit 0."""
    project = new_project(sandbox)
    sandbox.fault("status", "/bundles", status=404, code="NOT_FOUND", times=None)
    sandbox.fault("status", "/credits/history", status=403, code="FORBIDDEN", times=None)
    sandbox.fault("status", "/webhooks/[^/]+/deliveries", status=404, times=None)
    ran = project.sync("-s", STREAMS)
    sandbox.clear_faults()

    skips = dict(project.query("select stream, reason from sync_skips where account_id is null"))
    assert ran.code == 0
    assert skips["bundles"] == "not_offered"
    assert skips["webhook_deliveries"] == "not_in_plan"
    assert skips["credit_transactions"] == "not_in_plan"
    assert project.query("select count(*) from account_bans") != [(0,)]


def test_run_limited_to_accounts_asks_their_bundles_alone(sandbox, new_project):
    """One request per account, and none of the owner's other streams."""
    project, account = new_project(sandbox), sandbox.account("busy")
    sandbox.count_anew()

    ran = project.sync("--accounts", account, "-s", STREAMS)

    asked = sandbox.requests()["by_route"]
    assert ran.code == 0
    assert asked["GET /accounts/{id}/bundles"] == 1
    assert not {"GET /bundles", "GET /account-bans", "GET /webhooks"} & set(asked)
    assert project.query("select distinct account_id from bundles") == [(account,)]


NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


def bundle(**said: Any) -> dict[str, Any]:
    row = {column.name: None for column in BUNDLES.all_columns}
    return row | {"bundle_id": "b", "status": "accepted", "videos_quantity": 3} | said


def mark(of: dict[str, Any], **said: Any) -> dict[str, Any]:
    base = {"bundle_digest": digest(BUNDLES, [of]), "videos_open": 1}
    return base | {"read_at": NOW, "changed_at": NOW} | said


@pytest.mark.parametrize(
    ("quiet_days", "read_hours_ago", "due"),
    [(0, 23, False), (1, 24, True), (20, 24, False), (20, 5 * 24, True), (400, 7 * 24, True)],
)
def test_open_videos_are_asked_the_rarer_the_longer_nothing_moved(quiet_days, read_hours_ago, due):
    """Daily at first, then after a quarter of the quiet time, weekly at least."""
    known = mark(
        bundle(),
        changed_at=NOW - timedelta(days=quiet_days),
        read_at=NOW - timedelta(hours=read_hours_ago),
    )
    assert videos_due(bundle(), known, NOW) is due


def test_videos_are_not_asked_where_none_can_have_moved():
    """None ordered; all finalized; the bundle has ended. A bundle that changed is always asked."""
    long_ago = {"read_at": NOW - timedelta(days=90), "changed_at": NOW - timedelta(days=90)}
    ended = bundle(status="cancelled")

    assert not videos_due(bundle(videos_quantity=0), None, NOW)
    assert not videos_due(bundle(), mark(bundle(), videos_open=0, **long_ago), NOW)
    assert not videos_due(ended, mark(ended, **long_ago), NOW)
    assert videos_due(ended, mark(bundle(), **long_ago), NOW)
    assert videos_due(bundle(), None, NOW)

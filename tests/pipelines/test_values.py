"""Values that are not what is declared reject or repair their row; the rest of the page lands."""

import json

import pytest
from oracle import differences, rejects

BEYOND = str(2**63)

# Row of the busy account's drilldown -> (field, text planted in the JSON)
POSTS = {
    "text_for_a_number": (0, "views", '"1.2K"'),
    "not_a_number": (1, "views", "NaN"),
    "infinite": (2, "likes", "Infinity"),
    "beyond_bigint": (3, "likes", BEYOND),
    "null_key": (4, "tracked_post_id", "null"),
    "other_account": (5, "account_id", '"somebody-else"'),
    "no_time": (6, "captured_at", '"yesterday"'),
    "object_for_a_number": (7, "shares", '{"n": 1}'),
    "surrogate": (8, "description", '"half \\ud83d here"'),
    "nul": (9, "description", '"nul \\u0000 here"'),
    "digits_as_text": (10, "views", '"123456"'),
    "absent": (11, "views", None),
    "null": (12, "views", "null"),
}
REJECTED = {
    "text_for_a_number": "views",
    "not_a_number": "views",
    "infinite": "likes",
    "beyond_bigint": "likes",
    "null_key": "tracked_post_id",
    "other_account": "account",
    "no_time": "captured_at",
    "object_for_a_number": "shares",
}
PLANTED = {"not_a_number": "nan", "beyond_bigint": BEYOND, "text_for_a_number": "1.2K"}


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=8, posts=160, days=30)


@pytest.fixture(scope="module")
def planted(sandbox, project, truth):
    """A clean day; a day with a wrong value in one field of many rows; a run without them.

    Gives the posts by case, what was stored of them on the first day, how the second ended and what
    it left behind, and how the third ended.
    """
    assert project.sync().code == 0
    truth.observe()
    before = stored(project)
    account = sandbox.account("busy")
    sandbox.advance(days=1)
    served = shown(sandbox, account)
    posts = {case: served[row]["tracked_post_id"] for case, (row, _, _) in POSTS.items()}
    plant(sandbox, f"/analytics/accounts/{account}", POSTS.values())
    # One raw row of one post, one comment of another, one account of the listing.
    raw = next(p["tracked_post_id"] for p in served[13:] if fresh(p, before))
    sandbox.fault(
        "patch", f"/analytics/posts/{raw}/raw", patches=[{"pointer": "data.0.views", "json": "NaN"}]
    )
    others = [
        post for a in (a for a in sandbox.accounts() if a != account) for post in shown(sandbox, a)
    ]
    moved = next(p["tracked_post_id"] for p in others if talked_about(p, before))
    sandbox.fault(
        "patch",
        "/analytics/accounts/.*/comments",
        query={"trackedPostId": moved},
        patches=[{"pointer": "data.0.likes", "json": '"1.2K"'}],
    )
    sandbox.fault("patch", "/accounts", patches=[{"pointer": "data.6.id", "json": "null"}])
    ran = project.sync()
    sandbox.clear_faults()
    after, left, repaired = stored(project), rejects(project.warehouse), repairs(project)
    copied = project.copy("planted.duckdb")
    truth.observe()
    return {
        "account": account,
        "posts": posts | {"raw": raw, "comment": moved},
        "before": before,
        "ran": ran,
        "after": after,
        "rejects": left,
        "repairs": repaired,
        "wrong": differences(truth, copied),
        "healed": project.sync(),
    }


@pytest.mark.parametrize(("case", "column"), REJECTED.items())
def test_unusable_value_rejects_its_row(planted, case, column):
    """Its raw text and the reason go to sync_rejects; what was stored of the row stays."""
    post = planted["posts"][case]
    said = [r for r in planted["rejects"] if r.table == "tracked_posts" and column in r.reason]

    if case != "null_key":
        said = [reject for reject in said if post in reject.raw]
    assert len(said) == 1
    assert said[0].account_id == planted["account"]
    assert PLANTED.get(case, "").lower() in said[0].raw.lower()
    assert planted["after"][post] == planted["before"][post]


def test_rest_of_the_page_lands(planted):
    """Posts beside the rejected ones have their counters of the day."""
    rejected = {planted["posts"][case] for case in REJECTED}
    bystanders = [
        post
        for post, row in planted["after"].items()
        if row["account_id"] == planted["account"] and post not in planted["posts"].values()
    ]

    assert bystanders
    assert not any(post in finding for finding in planted["wrong"] for post in bystanders)
    assert not rejected & set(bystanders)


def test_rejected_rows_make_the_run_partial(planted):
    """Exit 3: rejects are rows that SQL counts, the result counts them too, and its errors and the
    last line name table, column and count."""
    ran = planted["ran"]
    streams = ran.result["providers"]["tokportal"]["streams"]
    errors = [e["message"] for e in ran.result["errors"] if e["code"] == "rejected"]

    assert ran.code == 3
    assert "2 rows of tracked_posts rejected, views: " in " ".join(errors)
    assert "1 row of comments rejected, likes: " in " ".join(errors)
    assert " rejected, " in ran.messages[-1]
    assert sum(stream["rejected"] for stream in streams.values()) == len(planted["rejects"])
    assert len(planted["rejects"]) == len(REJECTED) + 3


@pytest.mark.parametrize(
    ("case", "shown"), [("surrogate", "half \ufffd here"), ("nul", "nul \ufffd here")]
)
def test_unstorable_character_is_replaced_and_counted(planted, case, shown):
    """U+FFFD in the typed text, the original escaped in payload, a row in sync_repairs."""
    post = planted["posts"][case]
    row = planted["after"][post]

    assert row["caption"] == shown
    assert json.loads(row["payload"])["description"] in ("half \\ud83d here", "nul \\u0000 here")
    assert ("tracked_posts", post) in planted["repairs"]


def test_number_as_text_is_accepted(planted):
    """Digits are digits, in quotes too."""
    assert planted["after"][planted["posts"]["digits_as_text"]]["views"] == 123_456


@pytest.mark.parametrize("case", ["absent", "null"])
def test_field_that_disappears_is_not_zero(planted, case):
    """The provider did not say: the counter is the stored one or NULL, never invented."""
    post = planted["posts"][case]

    assert planted["after"][post]["views"] in (None, planted["before"][post]["views"])
    assert planted["after"][post]["likes"] is not None


def test_nobody_is_removed_for_an_unreadable_row(planted, project):
    """A row without an id still counts as listed: its post and its account are not gone."""
    assert planted["after"][planted["posts"]["null_key"]]["removed_at"] is None
    assert project.query("select count(removed_at) from accounts") == [(0,)]


@pytest.mark.parametrize(
    ("table", "column"),
    [("post_raw_snapshots", "views"), ("comments", "likes"), ("accounts", "account_id")],
)
def test_rows_of_other_endpoints_are_rejected_alike(planted, table, column):
    """Raw snapshots, comments and the listing: one row each, with table and reason."""
    said = [reject for reject in planted["rejects"] if reject.table == table]

    assert len(said) == 1
    assert column in said[0].reason


def test_no_variant_column_ever_appears(planted, project):
    """A text where a number is declared makes no column of its own."""
    assert project.query("select * from duckdb_columns() where contains(column_name, '__v_')") == []


def test_next_run_with_right_values_reaches_the_truth(planted, project, truth):
    """Also for the raw snapshot and the comment, whose post has not moved since."""
    assert planted["healed"].code == 0
    assert differences(truth, project.warehouse) == []


def test_older_snapshot_after_a_newer_one_is_history_not_news(planted, sandbox, project, truth):
    """A provider's stale copy is kept as a snapshot and replaces nothing."""
    before = stored(project)
    for account in sandbox.accounts():
        sandbox.fault("older", f"/analytics/accounts/{account}", hours=9)
    stale = [p for account in sandbox.accounts() for p in shown(sandbox, account)]
    older = [p for p in stale if p["captured_at"] < before[p["tracked_post_id"]]["captured_at"]]

    ran = project.sync()

    sandbox.clear_faults()
    assert ran.code == 0
    assert older, "nothing older was shown: the test shows nothing"
    news = {post: row for post, row in stored(project).items() if row != before[post]}
    assert [
        post for post, row in news.items() if row["captured_at"] < before[post]["captured_at"]
    ] == []
    again = project.sync()
    assert again.code == 0
    assert differences(truth, project.warehouse) == []


def plant(sandbox, path, values):
    patches = [
        {"pointer": f"posts.{row}.{field}", **({"json": text} if text else {"drop": True})}
        for row, field, text in values
    ]
    sandbox.fault("patch", path, patches=patches)


def shown(sandbox, account):
    return sandbox.get(f"/analytics/accounts/{account}").get("posts", [])


def fresh(post, before):
    """The post was captured since, so its raw history will be asked."""
    held = before.get(post["tracked_post_id"])
    return held is not None and held["captured_at"] < post["captured_at"]


def talked_about(post, before):
    """The comment counter moved, so its comments will be asked."""
    held = before.get(post["tracked_post_id"])
    return held is not None and held["comments"] != post["comments"]


def stored(project):
    """Posts by id, as the warehouse holds them."""
    columns = (
        "tracked_post_id account_id views likes comments caption captured_at removed_at payload"
    )
    names = columns.split()
    sql = ", ".join(
        f"strftime({n}, '%Y-%m-%dT%H:%M:%SZ')" if n.endswith("_at") else n for n in names
    )
    rows = project.query(f"select {sql} from tracked_posts")
    return {row[0]: dict(zip(names, row, strict=True)) for row in rows}


def repairs(project):
    return project.query("select table_name, row_key from sync_repairs")

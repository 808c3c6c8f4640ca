"""When a post is worth a credit, which comes first, and whose it is: no server needed."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from sources.extraction.elsewhere import KnownPost
from sources.extraction.shards import Shard
from sources.http.errors import WalkError
from sources.landing.batch import Batch
from sources.tokfluence import TABLES, Options, Scope, connect
from sources.tokfluence.addresses import handle_in, post_id_in
from sources.tokfluence.client import page_of
from sources.tokfluence.known import Known
from sources.tokfluence.marks import Mark, overdue
from sources.tokfluence.options import listed
from sources.tokfluence.paging import CursorWalk
from sources.tokfluence.plan import make_plan

NOW = datetime(2026, 5, 28, 9, tzinfo=UTC)
VIDEO = "https://www.tiktok.com/@{}/video/{}"


def ago(**time):
    return NOW - timedelta(**time)


@pytest.mark.parametrize(
    ("age_days", "read_days_ago", "due"),
    [
        (0, 0, False),
        (13, 1, True),
        (15, 1, False),
        (15, 3, True),
        (59, 2, False),
        (61, 6, False),
        (61, 7, True),
        (None, 2, False),
        (None, 3, True),
    ],
)
def test_a_post_is_due_by_its_age(age_days, read_days_ago, due):
    """Daily, every third day, weekly; without a date of publication every third day."""
    published = None if age_days is None else ago(days=age_days)
    mark = Mark("1", "a", published_at=published, read_at=ago(days=read_days_ago))

    assert (overdue(Options(), mark, NOW) >= 1) == due


def test_days_are_days_of_the_calendar():
    """Read late yesterday, it is due this morning: a row per day, not per 24 hours."""
    late = datetime(2026, 5, 27, 23, 50, tzinfo=UTC)

    assert overdue(Options(), Mark("1", "a", published_at=NOW, read_at=late), NOW) >= 1


@pytest.mark.parametrize(
    ("counter", "read_counter", "read_at", "wanted"),
    [
        (5, None, None, True),
        (5, 5, NOW, False),
        (6, 5, NOW, True),
        (0, None, None, False),
        (None, None, None, True),
        (None, None, NOW, False),
        (None, None, ago(days=1), True),
    ],
)
def test_comments_are_wanted_when_their_counter_moved(counter, read_counter, read_at, wanted):
    """0 says that there are none; without a counter they are read as often as the post."""
    mark = Mark(
        "1",
        "a",
        read_at=NOW,
        comment_count=counter,
        comments_read_at=read_at,
        comments_read_count=read_counter,
    )

    assert mark.wants_comments == wanted


def plan_of(known, elsewhere=(), in_campaigns=None, only=None, **options):
    connection = connect("tkf_sandbox_plan", "http://127.0.0.1:1/v1")
    connection.clock.observe("Thu, 28 May 2026 09:00:00 GMT")
    chosen = frozenset(only) if only else None
    scope = Scope(connection, "run", options=Options(**options), only_accounts=chosen)
    batch = Batch("default", "run", TABLES)
    plan = make_plan(scope, known, in_campaigns or {}, lambda schema: elsewhere, batch)
    return plan, scope


def test_never_read_posts_come_first_then_the_longest_overdue_then_the_youngest():
    """So that no post starves where credits are short."""
    marks = [
        Mark("1", "a", published_at=ago(days=1), read_at=ago(days=1)),
        Mark("2", "b", published_at=ago(days=2), read_at=ago(days=1)),
        Mark("3", "c", published_at=ago(days=90), read_at=ago(days=21)),
        Mark("4", "d", published_at=ago(days=1), read_at=NOW),
    ]
    known = Known({m.post_id: m for m in marks}, {}, {m.post_id: m.creator_handle for m in marks})

    plan, _ = plan_of(known, post_ids="4,3,2,1,5")

    assert list(plan.posts) == ["unknown", "c", "a", "b", "d"]
    assert plan.due_total == 4
    assert plan.due_of(["d"]) == 0


def test_what_campaigns_bring_and_what_is_missing_is_not_asked():
    """Nor photos; a post that several name is one."""
    found = [
        KnownPost("1", VIDEO.format("A", 1), NOW),
        KnownPost("2", VIDEO.format("a", 2), NOW),
        KnownPost("3", VIDEO.format("a", 3), NOW),
        KnownPost("4", "https://www.tiktok.com/@a/photo/4", NOW),
    ]
    known = Known(missing={"2": {"retry_after": NOW + timedelta(days=1), "found_at": None}})

    plan, scope = plan_of(
        known, found, {"1": "a"}, posts_from=["tokportal", "genviral"], post_ids=[3]
    )

    assert list(plan.due.values()) == [["3"]]
    assert [skip["reason"] for skip in scope.notes.skipped] == ["not_a_video"]


def test_a_run_can_be_limited_to_creators():
    """By handle, as the app shows them too."""
    found = [KnownPost(str(n), VIDEO.format(name, n), NOW) for n, name in ((1, "Ann"), (2, "bob"))]

    plan, _ = plan_of(Known(), found, only=["@Ann"], posts_from="tokportal")

    assert plan.posts == {"ann": ["1"]}


@pytest.mark.parametrize(("shard", "asks"), [("0/8", True), ("7/8", False)])
def test_of_several_workers_the_first_does_it_all(shard, asks):
    """Two would pay twice for what they share."""
    connection = connect("tkf_sandbox_shard", "http://127.0.0.1:1/v1", shard=Shard.parse(shard))
    scope = Scope(connection, "run", shard=Shard.parse(shard))

    assert scope.leads == asks
    assert all(scope.chooses(name) for name in ("ann", "bob", "cyd")) == asks


@pytest.mark.parametrize(
    ("url", "handle", "post_id"),
    [
        (
            "https://www.tiktok.com/@WWE/video/7234567890123456789?lang=en",
            "wwe",
            "7234567890123456789",
        ),
        ("https://m.tiktok.com/v/7234567890123456789.html", None, "7234567890123456789"),
        ("https://vm.tiktok.com/ZM1/", None, None),
        ("https://tiktok.com.evil.example/@a/video/7234567890123456789", None, None),
        ("https://www.instagram.com/p/123456789/", None, None),
        (None, None, None),
    ],
)
def test_an_address_tells_the_post_and_its_creator(url, handle, post_id):
    assert (handle_in(url), post_id_in(url)) == (handle, post_id)


def test_options_are_lists_or_text_with_commas():
    assert listed("1, 2,,1") == listed([1, "2"]) == ["1", "2"]
    assert listed(4711) == ["4711"]


@pytest.mark.parametrize(
    ("body", "total", "cursor"),
    [
        ({"data": [{}], "meta": {"total": 5, "next_cursor": 1}}, 5, 1),
        ({"data": [{}], "meta": {"total": "5", "next_cursor": "1"}}, 5, 1),
        ({"data": [{}], "meta": {"total": 5}}, 5, None),
        ({"data": {"comments": [{}], "next_cursor": 1}}, None, 1),
        ([{}], None, None),
    ],
)
def test_a_page_is_read_in_any_of_its_shapes(body, total, cursor):
    page = page_of(body)

    assert (len(page.rows), page.total, page.next_cursor) == (1, total, cursor)


@pytest.mark.parametrize(
    ("pages", "code"),
    [
        ([(["a"], 9, 1), (["b"], 9, 1)], "cursor_repeated"),
        ([(["a"], 9, 2), (["b"], 9, 1)], "cursor_repeated"),
        ([(["a"], 9, 1), (["a"], 9, 2)], "page_repeated"),
        ([([], 9, 1)], "page_repeated"),
        ([(["a"], 1, 1), (["b"], 1, 2)], "too_many_rows"),
    ],
)
def test_a_walk_without_end_stops_at_once(pages, code):
    """Each page costs: the first that repeats anything, or goes beyond the total, is the last."""
    with pytest.raises(WalkError) as raised:
        asyncio.run(_walk(pages))

    assert raised.value.code == code


async def _walk(pages):
    turn = iter(pages)

    async def ask(cursor):
        ids, total, after = next(turn)
        rows = [{"id": name} for name in ids]
        return page_of({"data": rows, "meta": {"total": total, "next_cursor": after}})

    walk = CursorWalk(lambda row: row["id"])
    await walk.run(ask)
    return walk

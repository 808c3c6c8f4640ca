"""One post's trouble stays its own; what cannot be asked is said; posts come from other tables."""

import asyncio

import pytest
from tokfluence_extract import Memory, extract
from tokfluence_follower import Truth

from sources.http.client import HttpClient
from sources.http.errors import CredentialsRefused
from sources.tokfluence import connect, describe_access


@pytest.fixture(scope="module")
def repeating(new_follower, sandbox, many):
    """A campaign's posts, one of them with a cursor that leads back to itself for ever."""
    follower = new_follower(sandbox, campaign_ids="4711")
    patches = [{"pointer": "meta.next_cursor", "json": "200"}]
    path = f"/posts/{many}/comments"
    sandbox.fault("patch", path, provider="tokfluence", patches=patches, times=None)
    ran = follower.sync()
    sandbox.clear_faults()
    return follower, ran, sum(row["path"] == path for row in follower.charged())


def test_a_cursor_that_repeats_stops_after_one_repeat(repeating, sandbox, many):
    """It is that post's error; the comments of the others are complete."""
    follower, ran, asked = repeating
    truth = Truth(sandbox)
    listed = {row["post_id"] for row in truth.of("campaign_posts")} - {many}
    others = {c["comment_id"] for c in truth.of("comments") if c["post_id"] in listed}
    (error,) = ran.result["errors"]

    assert ran.code == 3
    assert asked == 2
    assert (error["stream"], error["item_id"]) == ("comments", many)
    assert error["code"] == "cursor_repeated"
    held = follower.query("select comment_id from comments where post_id <> $1", many)
    assert {comment_id for (comment_id,) in held} == others


def test_after_the_repeat_all_comments_are_read(sandbox, many, fault):
    """Pages that are paid for land; the next run reads them all, without asking for the post."""
    memory = Memory()
    patches = [{"pointer": "meta.next_cursor", "json": "200"}]
    fault("patch", f"/posts/{many}/comments", patches=patches, times=None)
    extract(sandbox, memory, post_ids=many)
    kept = len(memory.rows["comments"])
    sandbox.clear_faults()

    ran = extract(sandbox, memory, post_ids=many)

    assert kept == 400
    assert ran.errors == []
    assert (ran.asked("/posts/{id}"), ran.asked("/posts/{id}/comments")) == (0, 10)
    assert len(memory.rows["comments"]) == 1900
    assert {row["status"] for row in memory.rows["sync_account_status"].values()} == {"ok"}


def test_comments_that_move_while_they_are_read_are_walked_twice_and_then_left(
    sandbox, many, fault
):
    """What is there lands, the run says that it is not proven, and does not pay for it again."""
    fault("patch", f"/posts/{many}/comments", patches=[{"pointer": "meta.total", "json": "1901"}])
    memory = Memory()

    ran, again = (extract(sandbox, memory, post_ids=many) for _ in range(2))

    proofs = {row["stream"]: row["status"] for row in ran.rows("sync_completeness")}
    assert ran.errors == []
    assert ran.asked("/posts/{id}/comments") == 20
    assert proofs["comments"] == "moved_during_read"
    assert again.credits == 0


def test_posts_that_another_provider_brought_are_followed(new_project, new_follower, sandbox):
    """They join on the platform's id. Before that, no key for Tokfluence was no error."""
    project = new_project(sandbox)
    without = project.sync("-x", "tokportal.post_raw_snapshots")
    keys = new_follower(sandbox, posts_from="tokportal").project.env
    known = {name: value for name, value in keys.items() if "TOKFLUENCE" in name}

    ran = project.sync("-s", "tokfluence.posts", **known)

    assert (without.code, ran.code) == (0, 0)
    assert "tokfluence" not in without.result["providers"]
    tiktok = "platform = 'tiktok' and removed_at is null and url not like '%/photo/%'"
    ((wanted,),) = project.query(f"select count(*) from tracked_posts where {tiktok}")
    ((joined,),) = project.query(
        f"select count(*) from (select * from tracked_posts where {tiktok}) t"
        " join tokfluence.posts p using (platform, platform_post_id)"
    )
    ((missing,),) = project.query("select count(*) from tokfluence.missing_posts")
    assert joined > 0
    assert joined + missing == wanted


def test_what_cannot_be_an_id_is_never_asked(sandbox, spent):
    """Each costs nothing and is named; the rest is read."""
    good = sandbox.control("GET", "/tokfluence")["foreign_post_ids"][0]

    ran = extract(
        sandbox,
        post_ids=f"{good},12x,",
        post_urls=["https://vm.tiktok.com/Z1/", "https://www.instagram.com/p/123456/"],
        campaign_ids="abc",
        creators="a b",
        streams=["posts", "campaigns", "creators"],
    )

    assert spent() == 1
    assert {error["item_id"] for error in ran.errors} == {
        "12x",
        "https://vm.tiktok.com/Z1/",
        "https://www.instagram.com/p/123456/",
        "abc",
        "a b",
    }
    assert [row["post_id"] for row in ran.rows("posts")] == [good]


def test_a_key_with_nothing_to_follow_says_so(sandbox, spent):
    """Nothing is asked and nothing is wrong; the remedy is a row."""
    ran = extract(sandbox)

    (skip,) = ran.rows("sync_skips")
    assert (skip["reason"], spent(), ran.errors) == ("nothing_named", 0, [])
    assert "config.toml" in skip["remedy"]


def test_somebody_elses_campaign_is_asked_once_a_day(sandbox):
    """403 for one campaign is that campaign's error and costs its credit once; others are read."""
    forbidden = str(sandbox.control("GET", "/tokfluence")["forbidden_campaign_id"])
    memory = Memory()

    ran, again = (extract(sandbox, memory, campaign_ids=[forbidden, 4712]) for _ in range(2))

    assert [(e["item_id"], e["code"]) for e in ran.errors] == [(forbidden, "forbidden")]
    assert again.errors == []
    assert again.credits == 0
    assert [row["campaign_id"] for row in ran.rows("campaigns")] == ["4712"]


def test_a_campaign_that_breaks_off_leaves_its_posts_and_nothing_else(sandbox, fault):
    """Its posts are paid for and whole; the campaign is asked again at the next run."""
    memory = Memory()
    fault("status", "/campaigns/4711/influencers", status=404, code="nope", times=1)

    ran = extract(sandbox, memory, campaign_ids="4711", streams=["campaigns"])

    assert [error["item_id"] for error in ran.errors] == ["4711"]
    assert ran.rows("posts")
    assert ran.rows("campaigns") == ran.rows("campaign_posts") == []


def test_a_post_that_a_campaign_lost_is_marked_and_comes_back(sandbox, fault):
    """Only a complete listing says so: one that is short of its own total removes nothing."""
    memory, options = Memory(), {"campaign_ids": "4712", "streams": ["campaigns"]}
    extract(sandbox, memory, **options)
    listed = len(memory.rows["campaign_posts"])
    removed = []
    for faults in ({}, {"total": 0}, None):
        if faults is not None:
            fault("empty_rows", "/campaigns/4712/posts", times=2, **faults)
        sandbox.advance(days=1)
        extract(sandbox, memory, **options)
        sandbox.clear_faults()
        rows = memory.rows["campaign_posts"].values()
        removed.append(sum(row["removed_at"] is not None for row in rows))

    assert listed > 0
    assert removed == [0, listed, 0]


def test_another_posts_answer_is_not_stored(sandbox, posts, fault):
    """A row served for one post never lands under another."""
    patches = [{"pointer": "data.post_id", "json": f'"{posts[1]}"'}]
    fault("patch", f"/posts/{posts[0]}", patches=patches)

    ran = extract(sandbox, post_ids=posts[0])

    assert [error["code"] for error in ran.errors] == ["wrong_answer"]
    assert ran.rows("posts") == ran.rows("post_snapshots") == []


def test_a_row_that_cannot_be_typed_is_kept_as_text(sandbox, posts, fault):
    """And is not paid for again the same day."""
    memory = Memory()
    fault("patch", f"/posts/{posts[0]}", patches=[{"pointer": "data.views", "json": '"1.2K"'}])

    ran, again = (extract(sandbox, memory, post_ids=posts[0]) for _ in range(2))

    assert {row["table_name"] for row in ran.rows("sync_rejects")} == {"posts", "post_snapshots"}
    assert again.asked("/posts/{id}") == 0


def test_a_key_that_is_refused_or_has_no_plan_ends_the_run_at_once(sandbox, fault, spent):
    """401, and 403 for the key as a whole, end the run before anything is charged."""
    refused = extract(sandbox, key="nobody", campaign_ids="4711")
    fault("status", ".*", status=403, code="plan_required")
    planless = extract(sandbox, campaign_ids="4711")

    assert [type(ran.run.fatal) for ran in (refused, planless)] == [CredentialsRefused] * 2
    assert spent() <= 1  # the one request that was told so


def test_check_proves_the_key_without_spending(sandbox, spent):
    """The balance is told by an answer that costs nothing."""
    balance = sandbox.control("GET", "/credits")["default"]["balance"]

    async def look():
        async with HttpClient(connect("tkf_sandbox_look", f"{sandbox.url}/v1")) as http:
            return await describe_access(http)

    assert asyncio.run(look()) == f"{balance:,} credits left"
    assert spent() == 0

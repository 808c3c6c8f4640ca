"""The world: its mixture, how it moves with the clock, and what a test may change in it."""

import time
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from sandbox_client import SMALL

from sandbox.server import Settings, start
from sandbox.settings import read_arguments
from sandbox.world.chance import DAY
from sandbox.world.world import World

DEFAULT = Settings()


@pytest.fixture(scope="module")
def world() -> World:
    return World(7, 99, 4876, 60, DEFAULT.origin)


def test_the_same_seed_gives_the_same_bytes(launch):
    paths = ["/accounts", "/analytics", "/analytics/contract"]

    def bodies(settings: Settings) -> list[bytes]:
        sandbox = launch(settings)
        account = sandbox.account_id("giant")
        more = [f"/analytics/accounts/{account}", f"/accounts/{account}/analytics/videos"]
        return [sandbox.get(path).content for path in paths + more]

    assert bodies(SMALL) == bodies(SMALL)
    assert bodies(replace(SMALL, seed=8))[0] != bodies(SMALL)[0]


def test_a_moved_clock_shows_what_a_later_start_would_not_change(launch):
    """Where the clock goes there is one truth: two steps end where one step ends."""
    one, two = launch(SMALL), launch(SMALL)
    one.advance(48)
    for _ in range(2):
        two.advance(24)
        two.json("/analytics")

    for table in ("tracked_posts", "account_snapshots", "daily_series", "comments"):
        assert one.truth(table) == two.truth(table)


def test_every_kind_of_account_is_there(world):
    now = world.origin
    kinds = Counter(account.kind for account in world.accounts())
    posts = {account.id: len(world.posts(account, now)) for account in world.accounts()}

    assert len(kinds) == 9
    assert sum(kinds.values()) == 99
    assert sum(posts.values()) == 4876
    assert max(posts.values()) > 200
    assert {account.platform for account in world.accounts()} == {"tiktok", "instagram", "youtube"}


def test_about_28_percent_of_posts_get_a_snapshot_on_a_day_and_a_tenth_of_those_a_comment(world):
    moved = commented = total = 0
    for day in range(1, 4):
        before, now = world.origin + day * DAY, world.origin + (day + 1) * DAY
        for account in world.accounts():
            for post in world.posts(account, now):
                total += 1
                snapshot = world.newest_post_snapshot(account, post, now)
                if snapshot.captured_at > before:
                    moved += 1
                    old = world.newest_post_counters(account, post, before).comments
                    known = old if post.first_capture <= before else 0
                    commented += snapshot.counters.comments != known

    assert 0.26 <= moved / total <= 0.30
    assert 0.07 <= commented / moved <= 0.13


def test_hostile_and_awkward_values_occur(world):
    now = world.origin + 40 * DAY
    pairs = [(a, p) for a in world.accounts() for p in world.posts(a, now)]
    posts = [post for _, post in pairs]
    captions = {post.caption for post in posts}
    counters = [world.newest_post_counters(account, post, now) for account, post in pairs]

    assert any("\x00" in text for text in captions if text)
    assert None in captions
    assert "" in captions
    assert any(text.startswith("=cmd") for text in captions if text)
    assert any(p.platform_post_id.isdigit() and int(p.platform_post_id) > 2**53 for p in posts)
    assert any(p.duration_seconds is None for p in posts)
    assert any(not p.video_id for p in posts)
    assert any(c.views == 0 for c in counters)
    assert any(c.reach is None for c in counters)
    assert any(len(world.post_snapshots(a, p, now)) > 30 for a, p in pairs if a.kind == "hourly")
    assert any((c.comments or 0) > 50 for c in counters)


@pytest.mark.parametrize("days", [0, 6])
def test_what_is_listed_is_the_newest_of_what_was_captured(world, days):
    now = world.origin + days * DAY
    for account in world.accounts():
        newest, stored = (
            world.newest_account_snapshot(account, now),
            world.account_snapshots(account, now),
        )
        assert stored[-1:] == ([newest] if newest else [])
        for post in world.posts(account, now):
            assert account.has_analytics(now)
            assert (
                world.newest_post_snapshot(account, post, now)
                == world.post_snapshots(account, post, now)[-1]
            )


def test_posts_of_a_huge_world_are_counted_as_if_they_were_walked():
    world = World(7, 20, 1_000, 60, DEFAULT.origin, huge_from=500)
    assert world.is_huge(world.accounts())
    for days in (0, 1, 5, 30):
        now = world.origin + days * DAY
        for account in world.accounts():
            assert world.count_posts(account, now) == len(world.posts(account, now))
    busy, now = world.accounts()[7], world.origin + DAY
    world.add_post(busy, now)
    world.edits.delete_post(world.posts(busy, now)[3].id, now)
    assert world.count_posts(busy, now) == len(world.posts(busy, now))
    assert not World(7, 20, 1_000, 60, DEFAULT.origin).is_huge(world.accounts())


@pytest.mark.parametrize(("accounts", "posts", "days"), [(1, 0, 1), (3, 10, 2), (12, 500, 3)])
def test_small_worlds_have_all_their_posts(accounts, posts, days):
    world = World(7, accounts, posts, days, DEFAULT.origin)

    assert sum(len(world.posts(one, world.origin)) for one in world.accounts()) == posts


def test_counters_fall_sometimes(world):
    falls = 0
    for account in world.accounts()[:8]:
        for post in world.posts(account, world.origin):
            likes = [
                s.counters.likes or 0 for s in world.post_snapshots(account, post, world.origin)
            ]
            falls += any(later < earlier for earlier, later in pairwise(likes))

    assert falls


def test_comments_change_only_when_a_snapshot_moves_their_count(sandbox):
    def state() -> tuple[dict[str, int | None], dict[str, list[str]]]:
        counts = {p["tracked_post_id"]: p["comments"] for p in sandbox.truth("tracked_posts")}
        rows: dict[str, list[str]] = {post: [] for post in counts}
        for row in sandbox.truth("comments"):
            rows[row["tracked_post_id"]].append(str(row))
        return counts, rows

    counts, rows = state()
    sandbox.advance(72)
    later_counts, later_rows = state()

    both = counts.keys() & later_counts.keys()
    changed = {post for post in both if rows[post] != later_rows[post]}
    assert changed
    assert changed == {post for post in both if counts[post] != later_counts[post]}


def test_a_banned_account_stays_listed_with_frozen_numbers(sandbox):
    path = f"/analytics/accounts/{sandbox.account_id('banned')}"
    before = sandbox.json(path)

    sandbox.advance(48)

    after = sandbox.json(path)
    assert after["latest"] == before["latest"]
    assert after["daily_series"] == before["daily_series"]
    assert sandbox.json("/accounts", banned="true")["pagination"]["total"] == 1


def test_the_last_three_days_are_restated_and_no_others(sandbox):
    path = f"/analytics/accounts/{sandbox.account_id('giant')}"
    before = {point["date"]: point for point in sandbox.json(path)["daily_series"]}

    sandbox.advance(24)

    after = {point["date"]: point for point in sandbox.json(path)["daily_series"]}
    changed = {date for date, point in before.items() if after[date] != point}
    assert changed == {"2026-05-26", "2026-05-27", "2026-05-28"}
    assert after.keys() - before.keys() == {"2026-05-29"}


def test_windows_of_restatement_differ_by_account_and_end_at_the_final_value(launch):
    sandbox = launch(replace(SMALL, restated_days="1-5"))
    accounts = [row["account_id"] for row in sandbox.truth("accounts")]
    age = {f"2026-05-{28 - days:02d}": days for days in range(8)}
    final = {(p["account_id"], p["date"]): p for p in sandbox.truth("daily_series", final="true")}
    longest = dict.fromkeys(accounts, 0)

    for passed in range(7):
        points = {(p["account_id"], p["date"]): p for p in sandbox.truth("daily_series")}
        for (account, date), last in final.items():
            now = points[account, date]
            assert now["views"] <= last["views"]
            if now != last:
                longest[account] = max(longest[account], age[date] + passed + 1)
        sandbox.advance(24)

    kinds = ("giant", "public", "quiet", "hourly", "busy")
    windows = {kind: longest[sandbox.account_id(kind)] for kind in kinds}
    assert windows == {"giant": 1, "public": 2, "quiet": 5, "hourly": 1, "busy": 3}


def test_a_lost_connection_changes_the_source_and_hides_private_counters(sandbox):
    path = f"/analytics/accounts/{sandbox.account_id('switched')}"
    before = sandbox.json(path)

    sandbox.advance(48)

    after = sandbox.json(path)
    assert (before["latest"]["source"], after["latest"]["source"]) == ("bundle_social", "apify")
    assert before["latest"]["reach"] is not None
    assert after["latest"]["reach"] is None
    assert before["demographics"]
    assert after["demographics"] is None


def test_an_empty_account_gets_its_analytics_later(sandbox):
    path = f"/analytics/accounts/{sandbox.account_id('empty')}"
    assert sandbox.get(path).status_code == 404

    sandbox.advance(72)

    assert sandbox.get(path).status_code == 200


def test_posts_come_and_go_with_time(sandbox):
    before = {post["tracked_post_id"] for post in sandbox.truth("tracked_posts")}

    sandbox.advance(30 * 24)

    after = {post["tracked_post_id"] for post in sandbox.truth("tracked_posts")}
    removed = {post["tracked_post_id"] for post in sandbox.truth("removed_posts")}
    assert after - before
    assert before - after
    assert before - after <= removed
    gone = (before - after).pop()
    assert sandbox.json(f"/analytics/posts/{gone}/raw")["data"], "snapshots are kept for ever"


def test_posts_can_be_added_deleted_and_restored(sandbox):
    account = sandbox.account_id("busy")

    def posts() -> set[str]:
        rows = sandbox.json(f"/analytics/accounts/{account}")["posts"]
        return {row["tracked_post_id"] for row in rows}

    before = posts()
    added = sandbox.edit("add_post", account_id=account)["id"]
    assert posts() == before | {added}
    victim = min(before)
    sandbox.edit("delete_post", id=victim)
    assert posts() == (before | {added}) - {victim}
    assert sandbox.truth("removed_posts")[0]["tracked_post_id"] == victim
    assert sandbox.truth("post_snapshots", removed="include") != sandbox.truth("post_snapshots")
    sandbox.edit("restore_post", id=victim)
    assert posts() == before | {added}


def test_accounts_can_be_added_removed_and_restored(sandbox):
    account = sandbox.account_id("busy")

    sandbox.edit("remove_account", id=account)
    assert sandbox.get(f"/accounts/{account}").status_code == 404
    assert sandbox.json("/accounts")["pagination"]["total"] == 7
    sandbox.edit("restore_account", id=account)
    added = sandbox.edit("add_account")["id"]
    assert sandbox.json("/accounts")["pagination"]["total"] == 9
    assert sandbox.json(f"/analytics/accounts/{added}")["latest"]["captured_at"]


def test_a_day_can_be_restated_by_hand(sandbox):
    account = sandbox.account_id("giant")

    def value() -> int:
        points = sandbox.json(f"/analytics/accounts/{account}")["daily_series"]
        return next(p["views"] for p in points if p["date"] == "2026-05-01")

    before = value()
    sandbox.edit("restate_day", account_id=account, date="2026-05-01", factor=0.5)
    assert value() == int(before * 0.5)


@pytest.mark.slow
def test_it_starts_in_under_a_second_and_stops_at_once():
    started = time.perf_counter()
    child = start(DEFAULT)
    ready = time.perf_counter() - started
    child.stop()

    assert ready < 1.5, "generous: the machine may be busy"
    assert time.perf_counter() - started - ready < 1


def test_settings_survive_the_command_line():
    settings = Settings(seed=3, accounts=5, rate=7, tier="creator", faults=("500:/me:1",))

    assert read_arguments(settings.arguments()) == (settings, False)

"""An account or post counts once in the marts, however many keys see it."""

import golden_world
import pytest

OTHER = "other"


@pytest.fixture(scope="module")
def overlapping(new_marts):
    """The golden world, and again as a second key sees it. The second key alone tracks a post of
    account A and an account C."""
    made = new_marts("duckdb")
    made.write(golden_world.fill)
    made.write(_fill_for_another_key)
    made.built = made.transform("--json")
    return made


def _fill_for_another_key(warehouse):
    def put(name, rows, schema="tokportal"):
        golden_world.put(warehouse, name, [row | {"tenant": OTHER} for row in rows], schema)

    put("accounts", [*golden_world.accounts(), {"account_id": "C"}])
    own = {"tracked_post_id": "A4", "account_id": "A", "platform": "tiktok"}
    put("tracked_posts", [*golden_world.posts(), own])
    put("post_snapshots", golden_world.snapshots())
    put("post_snapshots", [golden_world.observation("A1", 3, 200, "1") | {"tracked_post_id": "A4"}])
    put("daily_series", golden_world.series())
    put("account_snapshots", golden_world.account_snapshots())
    # Genviral gives one profile a target id per scope, and one video a row per target.
    put("targets", [{"target_id": "T2", "platform": "tiktok"}], "genviral")
    seen = {"analytics_id": "G2", "target_id": "T2", "platform": "tiktok", "views": 600}
    put("posts", [{**seen, "platform_post_id": "7A1"}], "genviral")


def test_what_two_keys_see_is_there_once(overlapping):
    assert overlapping.built.code == 0, overlapping.built.stderr
    landed = "select count(*) from tokportal.post_snapshots"
    observed = sum(len([n for n in seen if n is not None]) for seen in golden_world.VIEWS.values())
    assert overlapping.query(landed) == [(2 * observed + 1,)]
    gained = "select post_key, sum(views_gained) from fct_post_day group by 1 having sum(1) > 1"
    posts = {key.rsplit(":", 1)[1]: gain for key, gain in overlapping.query(gained)}
    assert len(posts) == len(golden_world.VIEWS)
    assert posts["A1"] == 550
    sql = "select count(views_cum), sum(views_cum) from fct_account_day"
    of_a = f"{sql} where account_key like '%:A'"
    assert overlapping.query(of_a) == [(10, sum(1000 * day for day in range(1, 11)))]
    videos = "select count(*) from dim_post where provider = 'genviral'"
    assert overlapping.query(videos) == [(1,)]


def test_what_one_key_alone_sees_is_there_too(overlapping):
    """A post that only the second key tracks belongs to the account as the first key sees it."""
    accounts = "select account_key from dim_account where provider = 'tokportal' order by 1"
    keys = [key for (key,) in overlapping.query(accounts)]
    assert keys == ["tokportal:default:A", "tokportal:default:B", "tokportal:other:C"]
    owner = "select account_key from dim_post where post_key = 'tokportal:other:A4'"
    assert overlapping.query(owner) == [("tokportal:default:A",)]

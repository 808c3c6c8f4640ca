"""The marts of a world that was reckoned on paper (golden_world.py), on both engines."""

import golden_world
import pytest
from golden_world import at, loaded, observation, put

KEY = "tokportal:default:"


def days_of(marts, post, *columns):
    """Rows of a post by day of June."""
    sql = (
        f"select cast(extract(day from day) as integer), {', '.join(columns)} from fct_post_day"
        f" where post_key = '{KEY}{post}' order by day"
    )
    return {day: row[0] if len(row) == 1 else tuple(row) for day, *row in marts.query(sql)}


def test_the_marts_are_built_and_pass_their_own_tests(marts):
    """Also where a provider was never synced: Tokfluence has no tables here."""
    assert marts.built.code == 0, marts.built.stderr
    assert marts.built.result["broken"] == []
    assert marts.built.result["tests"] > 25


def test_a_day_gains_what_it_has_over_the_day_before(marts):
    assert days_of(marts, "A1", "delta_kind", "views_cum", "views_delta", "views_gained") == {
        1: ("first_seen", 100, 100, 100),  # as old as the day: all of it was won
        **{day: ("daily", 50 * day + 50, 50, 50) for day in range(2, 11)},
    }


def test_a_gap_keeps_its_gain_on_its_last_day(marts):
    """And a post of May has won nothing that is known when it is first seen."""
    found = days_of(marts, "A2", "delta_kind", "days_since_prev_obs", "views_delta")

    assert found[1] == ("first_seen", None, None)
    assert found[7] == ("gap", 4, 60)
    assert sorted(found) == [1, 2, 3, 7, 8, 9, 10]


def test_a_correction_is_signed_and_counts_as_no_gain(marts):
    assert days_of(marts, "A3", "delta_kind", "views_delta", "views_gained")[5] == (
        "correction",
        -10,
        None,
    )
    assert days_of(marts, "A3", "views_delta")[6] == 20


def test_a_deleted_post_keeps_its_days_and_gets_no_more(marts):
    assert days_of(marts, "B1", "views_gained") == {1: 5, 2: 5, 3: 10, 4: 20, 5: 40}
    assert marts.query(f"select removed_at from dim_post where post_key = '{KEY}B1'") == [(at(6),)]


def test_another_source_begins_another_count(marts):
    found = days_of(marts, "B2", "source", "delta_kind", "views_delta")

    assert found[6] == ("bundle_social", "source_changed", None)
    assert found[7] == ("bundle_social", "daily", 10)


def test_unknown_is_not_zero(marts):
    assert days_of(marts, "B3", "views_cum", "views_delta", "views_gained") == {
        9: (None, None, None),
        10: (0, None, None),
    }
    assert days_of(marts, "A1", "saves_cum", "likes_comments_shares_saves_per_view")[10] == (
        None,
        None,
    )


def test_a_rate_says_its_formula(marts):
    (rate,) = {days_of(marts, "A1", "likes_comments_shares_per_view")[10]}

    assert rate == pytest.approx((55 + 1 + 0) / 550)


def test_gains_of_all_days_by_post(marts):
    sql = "select post_key, sum(views_gained) from fct_post_day group by 1"

    assert {key.removeprefix(KEY): gained for key, gained in marts.query(sql)} == {
        "A1": 100 + 9 * 50,
        "A2": 10 + 10 + 60 + 10 + 10 + 10,
        "A3": 10 + 20 + 20 + 20 + 4 * 10,
        "B1": 5 + 5 + 10 + 20 + 40,
        "B2": 7 + 2 + 2 + 4 * 10,
        "B3": None,
    }


def test_every_figure_leads_to_its_source_and_moment(marts):
    assert days_of(marts, "B2", "source", "observed_at", "fetched_at", "load_id")[5] == (
        "apify",
        at(5),
        at(11, 9),
        "1",
    )


def test_followers_may_be_lost(marts):
    sql = f"select net_followers, followers from fct_account_day where account_key = '{KEY}A'"

    assert marts.query(f"{sql} and day = date '2026-06-05'") == [(-5, 1025)]


def test_an_account_day_that_nobody_observed_is_unknown(marts):
    """B was measured on days 1 and 4; it posted on days 1, 3 and 9."""
    sql = (
        "select cast(extract(day from day) as integer), delta_kind, views_cum, views_gained,"
        f" posts_published from fct_account_day where account_key = '{KEY}B' order by day"
    )

    assert marts.query(sql) == [
        (1, "first_seen", 10, None, 1),
        (3, "not_observed", None, None, 1),
        (4, "gap", 70, 60, 0),
        (9, "not_observed", None, None, 1),
    ]


def test_top_posts_of_seven_days(marts):
    """Days 4 to 10. A: 7 x 50; 60 + 3 x 10; 20 + 20 + 4 x 10: mean 520/3, spread 124.99."""
    sql = (
        "select post_key, views_gained, rank_by_views_gained, views_gained_z_score"
        " from mart_top_posts where window_days = 7 and provider = 'tokportal'"
        " order by account_key, rank_by_views_gained"
    )
    found = [(key.removeprefix(KEY), *rest) for key, *rest in marts.query(sql)]

    assert [row[:3] for row in found] == [
        ("A1", 350, 1),
        ("A2", 90, 2),
        ("A3", 80, 3),
        ("B1", 20 + 40, 1),
        ("B2", 2 + 2 + 4 * 10, 2),
    ]
    assert [row[3] for row in found] == [
        *(pytest.approx((gained - 520 / 3) / 124.98889, rel=1e-6) for gained in (350, 90, 80)),
        None,  # two posts have no spread worth the name
        None,
    ]


def test_share_of_voice_on_day_seven(marts):
    """A gained 50 + 60 + 10, B 10."""
    sql = (
        "select group_type, group_value, views_gained, views_gained_per_all_views_gained"
        " from mart_share_of_voice where day = date '2026-06-07' and provider = 'tokportal'"
    )
    shares = {(kind, value): (gained, share) for kind, value, gained, share in marts.query(sql)}

    assert shares == {
        ("country", "US"): (120, pytest.approx(120 / 130)),
        ("country", "FR"): (10, pytest.approx(10 / 130)),
        ("client", "acme"): (120, pytest.approx(120 / 130)),
        ("client", "unknown"): (10, pytest.approx(10 / 130)),
        ("campaign", f"{KEY}acme/spring"): (120, pytest.approx(120 / 130)),
        ("campaign", "unknown"): (10, pytest.approx(10 / 130)),
    }


def test_a_campaign_is_who_the_reference_belongs_to(marts):
    sql = (
        "select campaign_key, posts_observed, accounts_active, views_gained from mart_campaign_day"
        " where day = date '2026-06-07'"
    )

    assert marts.query(sql) == [(f"{KEY}acme/spring", 3, 1, 120)]
    assert marts.query("select distinct match_method, rule from bridge_post_campaign") == [
        ("account", "acme-spring-*")
    ]


def test_age_curve_of_the_week(marts):
    """At an age of 3 days A1 had 250 views, A3 40, B1 40, B2 100."""
    sql = (
        "select posts, p25_views_cum, p50_views_cum, p75_views_cum from mart_post_age_curve"
        " where cohort_week = date '2026-06-01' and age_day = 3"
    )

    assert marts.query(sql) == [(4, 40, 70, 137.5)]


def test_posting_time_of_a_monday_noon(marts):
    """A's posts at an age of 3 days: 250 (Monday) and 40 (Tuesday); median 145."""
    sql = (
        "select posts, median_views_at_age_3_days, median_per_account_median, is_low_n"
        f" from mart_posting_time where account_key = '{KEY}A' and weekday = 1 and hour = 12"
    )

    assert marts.query(sql) == [(1, 250, pytest.approx(250 / 145), True)]


def test_providers_disagree_about_a_video(marts):
    sql = "select provider_a, provider_b, value_a, value_b, b_minus_a, b_minus_a_per_a"

    assert marts.query(f"{sql} from mart_provider_disagreement where metric = 'views'") == [
        ("genviral", "tokportal", 600, 550, -50, pytest.approx(-50 / 600))
    ]


def test_every_column_says_what_it_means_in_the_database(marts):
    """The descriptions of the contracts are comments on both engines."""
    sql = {
        "duckdb": "select count(*), count(comment) from duckdb_columns()"
        " where schema_name = 'marts' and table_name not like 'ops%'",
        "postgres": "select count(*), count(col_description(c.oid, a.attnum)) from pg_attribute a"
        " join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = 'marts' and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped",
    }[marts.engine]
    ((columns, said),) = marts.query(sql)

    assert columns == said > 200


def test_nothing_is_built_where_nothing_was_loaded(marts):
    again = marts.transform("--json")

    assert (again.code, again.result["unchanged"], again.result["models"]) == (0, True, 0)


def test_what_arrives_late_is_reckoned_into_its_day(marts):
    """Last of the module: it changes the world. Day 5 of A2 parts the gap; A1 gets a day 11."""

    def write(warehouse):
        late = [observation("A2", 5, 1040, "2"), observation("A1", 11, 610, "2")]
        put(warehouse, "post_snapshots", late)
        loaded(warehouse, "2")

    marts.write(write)
    assert marts.transform().code == 0

    found = days_of(marts, "A2", "delta_kind", "days_since_prev_obs", "views_delta")
    assert (found[5], found[7]) == (("gap", 2, 20), ("gap", 2, 40))
    assert days_of(marts, "A1", "views_delta")[11] == 60
    assert golden_world.VIEWS["B1"] == list(days_of(marts, "B1", "views_cum").values())

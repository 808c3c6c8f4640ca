"""The notebook's SQL, on the marts alone. `$name` is bound by the notebook's controls."""

SQL = {
    "providers": "select distinct provider from marts.dim_account order by 1",
    "gained_by_day": """
        select days.day, accounts.platform, cast(sum(days.views_gained) as bigint) as views_gained
        from marts.fct_post_day as days
        join marts.dim_account as accounts on accounts.account_key = days.account_key
        where days.provider = $provider
            and days.day > (
                select max(day) from marts.fct_post_day where provider = $provider
            ) - cast($days as integer)
        group by 1, 2
        order by 1, 2
    """,
    "top_posts": """
        select
            accounts.handle, posts.platform, posts.caption, top.views_gained,
            top.rank_by_views_gained as place_in_account, posts.url
        from marts.mart_top_posts as top
        join marts.dim_post as posts on posts.post_key = top.post_key
        join marts.dim_account as accounts on accounts.account_key = top.account_key
        where top.provider = $provider and top.window_days = 28
        order by top.views_gained desc, top.post_key
        limit 50
    """,
    "age_curve": """
        select platform, age_day, median(p50_views_cum) as views
        from marts.mart_post_age_curve
        where provider = $provider
        group by 1, 2
        order by 1, 2
    """,
    "posting_times": """
        select
            weekday,
            hour,
            cast(sum(posts) as bigint) as posts,
            median(median_per_account_median) as against_median
        from marts.mart_posting_time
        where provider = $provider
        group by 1, 2
        order by 1, 2
    """,
    "freshness": """
        select provider, stream, accounts, accounts_ok, accounts_failed, oldest_success_at
        from marts.ops_freshness
        order by 1, 2
    """,
}

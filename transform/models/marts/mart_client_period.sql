{%- set figures = ["views_gained", "likes_gained", "comments_gained", "shares_gained"] %}
{%- set group = ["client", "campaign", "provider", "platform"] %}
with posts as (
    select
        posts.post_key,
        coalesce(campaigns.client_ref, 'unknown') as client,
        coalesce(campaigns.name, 'unknown') as campaign,
        posts.provider,
        coalesce(posts.platform, 'unknown') as platform,
        coalesce(bridge.weight, 1) as weight,
        posts.published_on,
        {{ settled_together("posts") }} as settled_through
    from {{ ref("dim_post") }} as posts
    left join {{ ref("bridge_post_campaign") }} as bridge on bridge.post_key = posts.post_key
    left join {{ ref("dim_campaign") }} as campaigns
        on campaigns.campaign_key = bridge.campaign_key
),

days as (
    select
        {% for column in group -%} posts.{{ column }}, {% endfor %}
        facts.day
        {%- for figure in figures %},
        sum(posts.weight * facts.{{ figure }}) as {{ figure }}
        {%- endfor %},
        0 as posts_published
    from {{ ref("fct_post_day") }} as facts
    join posts on posts.post_key = facts.post_key
    group by {% for column in group -%} posts.{{ column }}, {% endfor %} facts.day
    union all
    select
        {% for column in group -%} {{ column }}, {% endfor %}
        published_on
        {%- for figure in figures %},
        null
        {%- endfor %},
        count(distinct post_key)
    from posts
    where published_on is not null
    group by {{ group | join(", ") }}, published_on
),

periods as (
    {%- for period in ["week", "month"] %}
    select
        '{{ period }}' as period,
        cast(date_trunc('{{ period }}', cast(day as timestamp)) as date) as period_start,
        cast(date_trunc('{{ period }}', cast(day as timestamp)) + interval '1 {{ period }}' as date) - 1
            as period_end,
        days.*
    from days
    {{- "\n    union all" if not loop.last }}
    {%- endfor %}
),

summed as (
    select
        period,
        period_start,
        period_end,
        {{ group | join(", ") }}
        {%- for figure in figures %},
        cast(sum({{ figure }}) as double precision) as {{ figure }}
        {%- endfor %},
        cast(sum(posts_published) as bigint) as posts_published
    from periods
    group by period, period_start, period_end, {{ group | join(", ") }}
),

-- Posts that hold a period back: `unsettled_days` of it, from the publication on.
unsettled as (
    select
        summed.period,
        summed.period_start,
        {% for column in group -%} summed.{{ column }}, {% endfor %}
        sum(
            summed.period_end + 1 - greatest(
                summed.period_start,
                posts.settled_through + 1,
                coalesce(posts.published_on, summed.period_start)
            )
        ) as days
    from summed
    join posts
        on posts.settled_through < summed.period_end
        and coalesce(posts.published_on, summed.period_end) <= summed.period_end
        {%- for column in group %}
        and posts.{{ column }} = summed.{{ column }}
        {%- endfor %}
    group by summed.period, summed.period_start
        {%- for column in group %}, summed.{{ column }}{% endfor %}
),

-- Days of every post, from its publication on: those of earlier posts, and of the period's own.
births as (
    select
        {{ group | join(", ") }},
        coalesce(published_on, date '1970-01-01') as published_on,
        count(*) as posts
    from posts
    group by {{ group | join(", ") }}, coalesce(published_on, date '1970-01-01')
),

post_days as (
    select
        summed.period,
        summed.period_start,
        {% for column in group -%} summed.{{ column }}, {% endfor %}
        sum(
            births.posts
            * (summed.period_end + 1 - greatest(summed.period_start, births.published_on))
        ) as days
    from summed
    join births
        on births.published_on <= summed.period_end
        {%- for column in group %}
        and births.{{ column }} = summed.{{ column }}
        {%- endfor %}
    group by summed.period, summed.period_start
        {%- for column in group %}, summed.{{ column }}{% endfor %}
),

completed as (
    select
        summed.*,
        coalesce(unsettled.days, 0) = 0 as is_settled,
        1 - {{ ratio("coalesce(unsettled.days, 0)", "post_days.days") }} as complete_share,
        case period
            when 'week' then period_start - 7
            else cast(period_start - interval '1 month' as date)
        end as start_before
    from summed
    left join unsettled using (period, period_start, {{ group | join(", ") }})
    left join post_days using (period, period_start, {{ group | join(", ") }})
)

select
    this_one.period,
    this_one.period_start,
    {% for column in group -%} this_one.{{ column }}, {% endfor %}
    {% for figure in figures + ["posts_published"] -%}
    this_one.{{ figure }},
    before.{{ figure }} as {{ figure }}_before,
    case when this_one.is_settled and before.is_settled then
        {{ ratio("this_one." ~ figure, "before." ~ figure) }} - 1
    end as {{ figure }}_change,
    {% endfor %}
    this_one.is_settled,
    this_one.complete_share
from completed as this_one
left join completed as before
    on before.period = this_one.period
    and before.period_start = this_one.start_before
    {%- for column in group %}
    and before.{{ column }} = this_one.{{ column }}
    {%- endfor %}

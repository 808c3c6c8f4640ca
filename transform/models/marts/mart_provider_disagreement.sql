-- Each provider's latest word on a video, and each pair of providers that has one.
with seen as (
    select *
    from (
        select
            posts.*,
            row_number() over (
                partition by platform, platform_post_id, provider
                order by observed_at desc nulls last, post_key
            ) as place
        from {{ ref("int_posts") }} as posts
        where platform is not null and platform_post_id is not null
    ) as placed
    where place = 1
),

figures as (
    {%- for counter in counters() %}
    select platform, platform_post_id, provider, post_key, source, observed_at,
        '{{ counter }}' as metric, {{ counter }} as value
    from seen
    {{- "\n    union all" if not loop.last }}
    {%- endfor %}
)

select
    a.platform,
    a.platform_post_id,
    a.metric,
    a.provider as provider_a,
    b.provider as provider_b,
    a.post_key as post_key_a,
    b.post_key as post_key_b,
    a.source as source_a,
    b.source as source_b,
    a.observed_at as observed_at_a,
    b.observed_at as observed_at_b,
    a.value as value_a,
    b.value as value_b,
    b.value - a.value as b_minus_a,
    {{ ratio("b.value - a.value", "a.value") }} as b_minus_a_per_a,
    cast(extract(epoch from b.observed_at) - extract(epoch from a.observed_at)
        as double precision) / 3600 as hours_b_after_a
from figures as a
join figures as b
    on b.platform = a.platform
    and b.platform_post_id = a.platform_post_id
    and b.metric = a.metric
    and b.provider > a.provider
where a.value is not null and b.value is not null

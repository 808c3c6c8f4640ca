{{ config(materialized="table", indexes=on_postgres(["account_key"])) }}
-- For how many days the provider restates a day of an account, learned from how late points of its
-- daily series changed; and the last day whose figures will not change any more.
{%- set floor_days = var("restatement_floor_days", 1) %}
{%- set default_days = var("restatement_default_days", 10) %}
{%- set share = var("restatement_quantile", 0.99) %}
{%- set enough_of_class, enough_of_account = 20, 3 %}
with accounts as (
    select
        accounts.account_key,
        accounts.provider,
        coalesce(accounts.platform, '') || ' '
            || coalesce(cast(accounts.is_connected as varchar), '') as account_class,
        accounts.removed_at,
        readings.read_until,
        readings.listed_until,
        max(readings.listed_until) over (partition by accounts.provider, accounts.tenant)
            as owner_listed_until
    from {{ ref("int_accounts") }} as accounts
    join {{ ref("int_account_readings") }} as readings
        on readings.account_key = accounts.account_key
),

-- Points that were read when they were new and again after the default window. A change that comes
-- more than 30 days late is a correction and not part of a restatement window.
points as (
    select accounts.account_key, accounts.provider, accounts.account_class, readings.*
    from (
        select account_key as point_account_key, day, {% for metric in counters() + ["followers"] -%}
            {{ metric }}_changed_at, {% endfor %} first_read_at
        from {{ ref("int_series_readings") }}
    ) as readings
    join accounts on accounts.account_key = readings.point_account_key
    where {{ utc_day("readings.first_read_at") }} - readings.day <= 1
        and {{ utc_day("accounts.read_until") }} - readings.day between {{ default_days + 1 }} and 100
),

lateness as (
    {%- for metric in counters() + ["followers"] %}
    select
        account_key,
        provider,
        account_class,
        '{{ metric }}' as metric,
        case
            when {{ utc_day(metric ~ "_changed_at") }} - day between 1 and 30
                then {{ utc_day(metric ~ "_changed_at") }} - day
            else 0
        end as days_late
    from points
    {{- "\n    union all" if not loop.last }}
    {%- endfor %}
),

of_classes as (
    select
        provider,
        account_class,
        metric,
        count(*) as points,
        percentile_disc({{ share }}) within group (order by days_late) as days_late
    from lateness
    group by provider, account_class, metric
),

of_accounts as (
    select
        account_key,
        metric,
        count(*) as points,
        percentile_disc({{ share }}) within group (order by days_late) as days_late
    from lateness
    group by account_key, metric
),

-- An account may be restated longer than others of its class. The longest metric decides, because a
-- row has all of them.
learned as (
    select
        of_accounts.account_key,
        max(greatest(of_accounts.days_late, of_classes.days_late)) as days_late
    from of_accounts
    join accounts on accounts.account_key = of_accounts.account_key
    join of_classes
        on of_classes.provider = accounts.provider
        and of_classes.account_class = accounts.account_class
        and of_classes.metric = of_accounts.metric
    where of_accounts.points >= {{ enough_of_account }} and of_classes.points >= {{ enough_of_class }}
    group by of_accounts.account_key
),

with_series as (
    select distinct account_key from {{ ref("int_series_readings") }}
),

windows as (
    select
        accounts.*,
        with_series.account_key is not null as has_series,
        learned.account_key is not null as is_window_learned,
        cast(case
            when with_series.account_key is null then 0
            else greatest({{ floor_days }}, coalesce(learned.days_late, {{ default_days }}))
        end as integer) as restatement_days
    from accounts
    left join learned on learned.account_key = accounts.account_key
    left join with_series on with_series.account_key = accounts.account_key
)

select
    account_key,
    listed_until,
    removed_at is not null as is_removed,
    restatement_days,
    is_window_learned,
    -- A series point is final once it was read after its window. Without a series the day's end is
    -- told by the captures around it, so the next day has to be over too.
    -- Of a removed account nothing more comes.
    case
        when removed_at is not null then {{ utc_day("owner_listed_until") }} - 1
        when has_series then greatest(
            {{ utc_day("read_until") }} - 1 - restatement_days,
            -- A target that was not refreshed for so long is not refreshed any more.
            {{ utc_day("listed_until") }} - 1 - restatement_days - {{ default_days }}
        )
        else {{ utc_day("read_until") }} - 2
    end as settled_through
from windows

{{ config(materialized="view") }}
-- The calendar that dbt's semantic layer joins metrics to.
select cast(moment as date) as date_day
from generate_series(timestamp '2015-01-01', timestamp '2049-12-31', interval '1 day') as days(moment)

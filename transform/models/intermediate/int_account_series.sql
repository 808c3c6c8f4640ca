-- Running totals at the end of each day, as the provider states them. It may restate recent days.
{{ union_of(["stg_tokportal__daily_series"]) }}

-- Running totals at the end of each day, as the provider states them. It may restate recent days.
{{ owned_rows(["stg_tokportal__daily_series"], "account_key") }}

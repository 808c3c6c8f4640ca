-- Account totals as measured at a moment. The provider's daily series is int_account_series.
{{ owned_rows(["stg_tokportal__account_snapshots", "stg_genviral__target_snapshots"], "account_key") }}

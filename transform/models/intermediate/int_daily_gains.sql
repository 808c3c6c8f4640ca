{{ owned_rows(["stg_tokportal__daily_gains", "stg_genviral__daily_gains"], "account_key") }}

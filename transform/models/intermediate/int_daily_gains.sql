{{ union_of(["stg_tokportal__daily_gains", "stg_genviral__daily_gains"]) }}

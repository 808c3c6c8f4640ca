{{ union_of([
    "stg_tokportal__daily_series",
    "stg_tokportal__account_snapshots",
    "stg_genviral__target_snapshots",
]) }}

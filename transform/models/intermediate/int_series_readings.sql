{{ owned_rows(["stg_tokportal__series_readings", "stg_genviral__series_readings"], "account_key") }}

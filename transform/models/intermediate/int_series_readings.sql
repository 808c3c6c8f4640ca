{{ union_of(["stg_tokportal__series_readings", "stg_genviral__series_readings"]) }}

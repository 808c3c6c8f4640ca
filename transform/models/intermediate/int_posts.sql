{{ union_of(["stg_tokportal__posts", "stg_genviral__posts", "stg_tokfluence__posts"]) }}

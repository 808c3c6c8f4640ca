{{ union_of(["stg_tokportal__accounts", "stg_genviral__targets", "stg_tokfluence__creators"]) }}

{{ config(materialized="view") }}
-- A view, since what follows asks twice: what is new, and what is gone.
{{ owned_rows([
    "stg_tokportal__post_snapshots",
    "stg_genviral__post_snapshots",
    "stg_tokfluence__post_snapshots",
], "post_key") }}

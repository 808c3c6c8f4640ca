{{ config(materialized="view") }}
-- A view, since what follows asks twice: what is new, and what is gone.
{{ owned_rows(["stg_tokportal__comments", "stg_tokfluence__comments"], "post_key") }}

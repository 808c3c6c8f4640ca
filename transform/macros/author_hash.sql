{# Who wrote a comment, as a hash. It is salted with the warehouse's own random salt, which is in the
   provider's schema and never in the marts: without it nobody can tell a name from its hash by
   hashing guesses. The same author has the same hash in all providers. #}
{% macro author_hash(provider, name) -%}
  {{ sha256(
      "coalesce((select max(subject) from " ~ landed(provider, "privacy_rules")
      ~ " as rules where kind = 'salt'), '') || lower(" ~ name ~ ")"
  ) }}
{%- endmacro %}

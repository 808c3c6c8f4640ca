-- Nothing is lost on the way, and nothing stays that the provider's tables lost.
select held.observations, kept.observations as kept
from (select count(*) as observations from {{ ref("int_post_observations") }}) as held
cross join (select count(*) as observations from {{ ref("fct_post_snapshot") }}) as kept
where held.observations <> kept.observations

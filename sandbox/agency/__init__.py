"""The agency's side of the world: bundles, bans, credits. Pure functions of seed, id and clock."""

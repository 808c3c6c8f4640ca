"""The seeded world: what the emulated providers know, as pure functions of seed, id and clock.

Nothing here knows HTTP or the shape of an answer. Times are whole UTC epoch seconds, a day
is a UTC day number (`t // DAY`), and a counter is None where the provider did not measure it.
"""

"""Genviral's Partner API (docs.genviral.io), as far as it is read.

Genviral measures the same accounts by itself, about once a day and each at an hour of its own:
what it says is as of a target's last refresh. `tracker` knows what was measured, `created` what
was posted through it; both know nothing of HTTP.
"""

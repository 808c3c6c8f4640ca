"""How stored payloads of Tokfluence are read again, where they are not simply the row."""

from __future__ import annotations

from ..landing.reread import Reread
from .tables import CREATORS

# A campaign's row of a creator moves the figures and leaves the profile's payload.
REREAD = {CREATORS.name: Reread(only_gaps=lambda row: True)}

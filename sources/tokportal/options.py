"""What a user may set for TokPortal, with its meaning; defaults live in .dlt/config.toml."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from .clients import ClientRule


@dataclass(frozen=True)
class Options:
    """`raw_max_lag_days`: how old unseen raw snapshots may become (0: asked at every sync).
    `comments_max_lag_days`: how long a post that was measured again may go without its comments
    being asked while its comment counter stands still (0: asked whenever it was measured again).
    `lookback_days`: how far before its cursor a series is read again, for restated days.
    `full_reread_days`: how old the last reading of an account's whole series may become, for days
    restated before that (0: at every sync).
    `start_date`: the first day of interest; nothing older is asked.
    `series_modes`: what the optional stream series_points asks, five requests each per account.
    `workspace`: the only one to read, for a key that sees several (None: all).
    `clients`: the rules of .dlt/clients.toml, which client an external_ref belongs to.
    `shrink_limit`: a listing that loses more than this share of accounts removes none."""

    raw_max_lag_days: float = 7.0
    comments_max_lag_days: float = 7.0
    lookback_days: int = 7
    full_reread_days: float = 30.0
    start_date: date = date(2015, 1, 1)
    series_modes: str = "day.gained,week.cumulative,week.gained"
    workspace: str | None = None
    clients: tuple[ClientRule, ...] = ()
    shrink_limit: float = 0.2

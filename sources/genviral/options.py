"""What a user may set for Genviral, with its meaning; defaults live in .dlt/config.toml."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Options:
    """`recent_days`: posts of so many days are read at every sync, older ones with the next full
    reading. `full_reread_days`: how old a full reading may become (0: at every sync).
    `whole_requests_per_day`: all posts of a refreshed target are read where that costs no more
    requests a day for all targets together, each refreshed once a day (0: never).
    `lookback_days`: how far before its cursor a daily series is read again, for restated days.
    `start_date`: the first day of interest for posts made through Genviral.
    `shrink_limit`: a listing that loses more than this share of targets removes none."""

    recent_days: int = 30
    full_reread_days: float = 7.0
    whole_requests_per_day: int = 0
    lookback_days: int = 7
    start_date: date = date(2015, 1, 1)
    shrink_limit: float = 0.2

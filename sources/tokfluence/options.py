"""What a user may set for Tokfluence, with its meaning; examples stand in .dlt/config.toml."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Several = str | int | Iterable[str | int]
"""A list, or one text with commas: a list cannot be written into the environment."""


@dataclass(frozen=True)
class Options:
    """`post_ids`, `post_urls`: posts to follow. `campaign_ids`: campaigns, with all their posts.
    `creators`: profiles, by handle or tkc_ id. `posts_from`: follow the TikTok posts that these
    providers brought into the warehouse (tokportal, genviral).
    `credits_floor`: the balance is never spent below it. `max_credits`: one run spends no more.
    `young_days`, `settling_days`: posts are read every `young_every_days` while young (0: at every
    sync), then every `settling_every_days`, from `settling_days` on every `old_every_days`.
    `missing_retry_days`: how long a post that Tokfluence did not know is not asked again.
    `campaign_every_hours`: how often campaigns and creators are read."""

    post_ids: Several = ""
    post_urls: Several = ""
    campaign_ids: Several = ""
    creators: Several = ""
    posts_from: Several = ""
    credits_floor: int = 0
    max_credits: int = 5000
    young_days: int = 14
    settling_days: int = 60
    young_every_days: int = 1
    settling_every_days: int = 3
    old_every_days: int = 7
    missing_retry_days: int = 14
    campaign_every_hours: float = 24.0


def listed(value: Several) -> list[str]:
    """Each of several once, in order."""
    values = value.split(",") if isinstance(value, str) else value
    values = [values] if isinstance(values, int) else values
    return list(dict.fromkeys(text for text in (str(one).strip() for one in values) if text))


def creators(options: Options) -> list[str]:
    """The configured creators as they are asked: in lower case and without @."""
    return list(dict.fromkeys(name.removeprefix("@").lower() for name in listed(options.creators)))


def names_anything(options: Options) -> bool:
    """Whether there is anything to follow."""
    named = (options.post_ids, options.post_urls, options.campaign_ids, options.posts_from)
    return bool(creators(options)) or any(map(listed, named))

"""Posts that other providers' tables already hold, for a provider that must be told what to ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class KnownPost:
    """A TikTok post by the platform's own id. What nobody said is None."""

    post_id: str
    url: str | None
    published_at: datetime | None
    comments: int | None = None


Elsewhere = Callable[[str], Iterable[KnownPost]]
"""The name of a schema in, the TikTok posts of its tables out."""


def nothing_elsewhere(schema: str) -> Iterable[KnownPost]:
    """For a plain `pipeline.run(source())`: no warehouse is asked."""
    return ()

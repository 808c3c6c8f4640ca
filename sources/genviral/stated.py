"""Genviral's own totals: one request, and with `accounts` one more for each target."""

from __future__ import annotations

from collections.abc import Sequence

from ..extraction.stated import Stated
from ..http.client import HttpClient
from .client import GenviralClient, Window
from .options import Options


async def stated(http: HttpClient, options: Options, accounts: Sequence[str] = ()) -> list[Stated]:
    """Targets, and the posts of each that is named. Raises ProviderError."""
    client = GenviralClient(http)
    found = [Stated("targets", (await client.list_targets()).found)]
    for target_id in accounts:
        page = await client.list_posts(target_id, Window(), 0, size=1)
        found.append(Stated("posts", page.total, target_id))
    return found

"""TokPortal's own totals: two requests, and with `accounts` one more for each of them."""

from __future__ import annotations

from collections.abc import Sequence

from ..extraction.stated import Stated
from ..http.client import HttpClient
from ..http.errors import NoDataYet, NotInPlan
from ..landing.rows import first
from .client import TokPortalClient
from .options import Options


async def stated(http: HttpClient, options: Options, accounts: Sequence[str] = ()) -> list[Stated]:
    """Accounts and tracked posts. Raises ProviderError."""
    client = TokPortalClient(http)
    found = [Stated("accounts", await client.count_accounts())]
    if options.workspace is None:  # else the dashboard is about a part of the accounts
        found.append(Stated("tracked_posts", await _posts(client)))
    for account_id in accounts:
        found.append(Stated("tracked_posts", await _posts_of(client, account_id), account_id))
    return found


async def _posts(client: TokPortalClient) -> int | None:
    count = first(await client.get_dashboard(), "totals.tracked_posts")
    return count if isinstance(count, int) else None


async def _posts_of(client: TokPortalClient, account_id: str) -> int | None:
    try:
        return await client.count_videos(account_id)
    except (NoDataYet, NotInPlan):
        return None

"""TokPortal's own totals: two requests, and with `accounts` one more for each of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..extraction.stated import Stated
from ..http.client import HttpClient
from ..http.errors import NoDataYet, NotInPlan
from ..landing.rows import first
from .client import TokPortalClient
from .options import Options

Row = dict[str, Any]


async def stated(http: HttpClient, options: Options, accounts: Sequence[str] = ()) -> list[Stated]:
    """Accounts and tracked posts. Raises ProviderError."""
    client = TokPortalClient(http)
    dashboard = await client.get_dashboard(options.workspace)
    found = [
        Stated("accounts", await _accounts(client, options, dashboard)),
        Stated("tracked_posts", _whole(first(dashboard, "totals.tracked_posts"))),
    ]
    for account_id in accounts:
        found.append(Stated("tracked_posts", await _posts_of(client, account_id), account_id))
    return found


async def _accounts(client: TokPortalClient, options: Options, dashboard: Row) -> int | None:
    """As the listing counts them; of one workspace only the dashboard does."""
    if options.workspace is None:
        return await client.count_accounts()
    return _whole(first(dashboard, "totals.account_count"))


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


async def _posts_of(client: TokPortalClient, account_id: str) -> int | None:
    try:
        return await client.count_videos(account_id)
    except (NoDataYet, NotInPlan):
        return None

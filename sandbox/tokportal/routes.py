"""Which function answers which path below /api/ext."""

import re
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.routing import compile_path

from sandbox.answers import Answer, ApiError
from sandbox.tokportal import (
    accounts,
    bans,
    bundles,
    comments,
    compat,
    contract,
    coverage,
    credits,
    dashboard,
    drilldown,
    export,
    forbidden,
    hooks,
    pulse,
    raw,
    refresh,
    reports,
    series,
)
from sandbox.tokportal.call import Call

OTHER: Final = "other"
Handler = Callable[[Call], Answer | Awaitable[Answer]]

# A path without parameters stands before one that would fit it too.
ROUTES: Final[dict[tuple[str, str], Handler]] = {
    ("GET", "/me"): accounts.get_me,
    ("GET", "/accounts"): accounts.list_accounts,
    ("GET", "/accounts/{id}"): accounts.get_account,
    ("GET", "/accounts/{id}/analytics"): compat.get_account_analytics,
    ("GET", "/accounts/{id}/analytics/videos"): compat.list_videos,
    ("GET", "/accounts/{id}/analytics/can-refresh"): refresh.can_refresh,
    ("POST", "/accounts/{id}/analytics/refresh"): refresh.refresh,
    ("GET", "/accounts/{id}/bundles"): bundles.list_account_bundles,
    ("GET", "/accounts/{id}/managed-subscription"): coverage.get_coverage,
    ("POST", "/accounts/{id}/reveal-credentials"): forbidden.preview,
    ("POST", "/accounts/{id}/verification-code"): forbidden.preview,
    ("GET", "/account-bans"): bans.list_bans,
    ("GET", "/analytics"): dashboard.get_dashboard,
    ("GET", "/analytics/accounts/{id}"): drilldown.get_drilldown,
    ("GET", "/analytics/accounts/{id}/comments"): comments.list_comments,
    ("GET", "/analytics/accounts/{id}/raw"): raw.list_account_raw,
    ("POST", "/analytics/accounts/{id}/refresh"): refresh.refresh,
    ("GET", "/analytics/comments"): pulse.get_pulse,
    ("GET", "/analytics/contract"): contract.get_contract,
    ("POST", "/analytics/export/reports"): reports.create_report,
    ("POST", "/analytics/export/reports/html"): reports.export_html,
    ("GET", "/analytics/export/videos"): export.export_videos,
    ("GET", "/analytics/posts/{id}/raw"): raw.list_post_raw,
    ("GET", "/analytics/series"): series.get_series,
    ("GET", "/bundles"): bundles.list_bundles,
    ("GET", "/bundles/{id}"): bundles.get_bundle,
    ("GET", "/bundles/{id}/account"): bundles.get_bundle_account,
    ("GET", "/bundles/{id}/videos"): bundles.list_bundle_videos,
    ("GET", "/bundles/{id}/videos/{position}"): bundles.get_bundle_video,
    ("GET", "/countries"): coverage.list_countries,
    ("GET", "/credit-costs"): credits.get_costs,
    ("GET", "/credits/balance"): credits.get_balance,
    ("GET", "/credits/history"): credits.list_history,
    ("GET", "/platforms"): coverage.list_platforms,
    ("GET", "/videos/{id}/analytics"): compat.get_video,
    ("GET", "/webhooks"): hooks.list_endpoints,
    ("POST", "/webhooks"): hooks.create_endpoint,
    ("GET", "/webhooks/events"): hooks.list_events,
    ("GET", "/webhooks/{id}"): hooks.get_endpoint,
    ("PATCH", "/webhooks/{id}"): hooks.update_endpoint,
    ("DELETE", "/webhooks/{id}"): hooks.delete_endpoint,
    ("GET", "/webhooks/{id}/deliveries"): hooks.list_deliveries,
    ("POST", "/webhooks/{id}/deliveries/{delivery_id}/retry"): hooks.retry_delivery,
    ("POST", "/webhooks/{id}/test"): hooks.test_endpoint,
}

PUBLIC: Final = frozenset({"/webhooks/events"})  # paths that need no key
SECRETIVE: Final = frozenset({hooks.create_endpoint, reports.create_report, forbidden.preview})
FORBIDDEN: Final = frozenset(
    template for (_, template), handler in ROUTES.items() if handler is forbidden.preview
)

_PATTERNS: Final[list[tuple[re.Pattern[str], str]]] = [
    (compile_path(template)[0], template)
    for template in dict.fromkeys(template for _, template in ROUTES)
]


def find_handler(method: str, path: str) -> tuple[Handler, dict[str, str]]:
    """The function for a request and the parts of its path, or the refusal."""
    template, args = _match(path)
    handler = ROUTES.get((method, template))
    if handler:
        return handler, args
    if template == OTHER:
        raise ApiError(404, "NOT_FOUND", "No such endpoint.")
    raise ApiError(405, "METHOD_NOT_ALLOWED", f"{method} is not supported here.")


def template_of(path: str) -> str:
    """The template a path fits, for counting."""
    return _match(path)[0]


def _match(path: str) -> tuple[str, dict[str, str]]:
    for pattern, template in _PATTERNS:
        match = pattern.match(path)
        if match:
            return template, match.groupdict()
    return OTHER, {}

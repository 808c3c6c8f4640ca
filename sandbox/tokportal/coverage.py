"""GET /accounts/{id}/managed-subscription, and the two catalogues without parameters."""

from sandbox.answers import Answer, ApiError
from sandbox.tokportal import envelopes, shapes
from sandbox.tokportal.call import Call
from sandbox.world.chance import DAY
from sandbox.world.text import COUNTRIES

_PERIOD = 30 * DAY
_CUTOFF_DAYS = 45  # accounts created earlier have no record, and a 404 says no more than that


def get_coverage(call: Call) -> Answer:
    """The account's current 30 days."""
    account = call.account()
    if account.created_at < call.world.origin - _CUTOFF_DAYS * DAY:
        raise ApiError(404, "SUBSCRIPTION_NOT_FOUND", "No managed subscription.")
    start = call.now - (call.now - account.created_at) % _PERIOD
    body = {
        "account_id": account.id,
        "status": "cancelled" if account.banned(call.now) else "active",
        "current_period_start": shapes.iso(start),
        "current_period_end": shapes.iso(start + _PERIOD),
        "rate_credits": 5,
        "unpaid_periods": 0,
        "task_access": not account.banned(call.now),
        "reactivation_quote": None,
    }
    return envelopes.wrapped(body)


def list_countries(call: Call) -> Answer:
    """GET /countries."""
    return envelopes.rows([{"code": code} for code in COUNTRIES])


def list_platforms(call: Call) -> Answer:
    """GET /platforms."""
    return envelopes.rows([{"id": name} for name in ("tiktok", "instagram")])

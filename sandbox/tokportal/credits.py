"""Credits (developers.tokportal.com/credits). Reading costs none."""

from typing import Any

from sandbox.agency.credits import COSTS, Transaction, balance_of, history_of
from sandbox.answers import Answer
from sandbox.tokportal import envelopes, shapes
from sandbox.tokportal.call import Call
from sandbox.world.chance import DAY


def get_balance(call: Call) -> Answer:
    """GET /credits/balance; an older page has nothing but `credits`."""
    left = balance_of(call.world, call.now)
    if call.later:
        return envelopes.wrapped({"credits": left})
    expiring = [
        {"amount": 40, "expires_at": _offset(call.now // DAY + 5), "source": "promotion"},
        {"amount": 100, "expires_at": _offset(call.now // DAY + 30), "source": "purchase"},
    ]
    body = {
        "total_credits": left,
        "expiring_within_7_days": 40,
        "upcoming_expirations": expiring,
        "last_updated": shapes.iso(call.now),
    }
    return envelopes.wrapped(body)


def list_history(call: Call) -> Answer:
    """GET /credits/history: newest first; `date_to` includes its whole day."""
    page, per_page = call.query.page(default_size=25)
    first, last = call.query.moment("date_from"), call.query.moment("date_to")
    until = None if last is None else (last // DAY + 1) * DAY
    found = [
        one
        for one in history_of(call.world, call.now)
        if (first is None or one.created_at >= first) and (until is None or one.created_at < until)
    ]
    rows = [_row(one) for one in found[(page - 1) * per_page : page * per_page]]
    return envelopes.paged(rows, page, per_page, len(found))


def get_costs(call: Call) -> Answer:
    """GET /credit-costs."""
    return envelopes.wrapped({**COSTS, "contract_bundle_allowance": None})


def _row(one: Transaction) -> dict[str, Any]:
    return {
        "id": one.id,
        "type": one.type,
        "amount": one.amount,
        "description": one.description,
        "breakdown": one.breakdown,
        "balance_after": one.balance_after,
        "created_at": shapes.iso(one.created_at),
    }


def _offset(day: int) -> str:
    return f"{shapes.iso_day(day)}T00:00:00+00:00"

"""GET /analytics/contract: the contract, this key's access and how to read the metrics."""

from sandbox.answers import Answer
from sandbox.tokportal import envelopes, shapes
from sandbox.tokportal.call import Call
from sandbox.world.measured import AccountCounters

_ENDPOINTS = (
    ("/analytics", "starter"),
    ("/analytics/accounts/:id", "starter"),
    ("/analytics/series", "creator"),
    ("/analytics/accounts/:id/raw", "full"),
    ("/analytics/posts/:tracked_post_id/raw", "full"),
    ("/analytics/accounts/:id/comments", "full"),
    ("/analytics/contract", "starter"),
)
_RULES = ("null", "absent")


def get_contract(call: Call) -> Answer:
    """The same body for every key of a plan."""
    how = _RULES[call.plan.drops_hidden]
    body = {
        "name": shapes.CONTRACT_NAME,
        "version": shapes.CONTRACT_VERSION,
        "access": call.plan.access(),
        "metrics": {
            name: {"kind": "counter", "semantics": "total at capture", "nullable": True}
            for name in AccountCounters._fields
        },
        "endpoints": [{"path": path, "tier": tier} for path, tier in _ENDPOINTS],
        "freshness": {"connected_hours": 6, "public_hours": 24},
        "redaction": [{"field": name, "as": how} for name in sorted(call.plan.hidden)],
    }
    return envelopes.bare(body)

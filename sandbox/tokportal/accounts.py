"""The key's owner and the saved accounts (developers.tokportal.com/saved-accounts)."""

from sandbox.agency.credits import balance_of
from sandbox.answers import Answer
from sandbox.tokportal import envelopes, shapes
from sandbox.tokportal.call import Call
from sandbox.world.accounts import Account

# "Country code or alias": what older pages used for these two.
_ALIASES = {"UK": "GB", "USA": "US"}


def get_me(call: Call) -> Answer:
    """GET /me: the owner of the key."""
    left = balance_of(call.world, call.now)
    key = {"scopes": ["read"], "environment": "test"}
    return envelopes.wrapped({"email": "owner@example.com", "credits": left, "api_key": key})


def list_accounts(call: Call) -> Answer:
    """GET /accounts: newest account first (the order is not documented)."""
    page, per_page = call.query.page(default_size=25)
    found = sorted(
        (account for account in call.world.accounts() if _wanted(call, account)),
        key=lambda account: (-account.created_at, account.id),
    )
    chosen = found[(page - 1) * per_page : page * per_page]
    rows = [shapes.listed_account(account, call.now) for account in chosen]
    return envelopes.paged(rows, page, per_page, len(found))


def get_account(call: Call) -> Answer:
    """GET /accounts/{id}: passwords and codes are never in it."""
    return envelopes.wrapped(shapes.listed_account(call.account(), call.now))


def _wanted(call: Call, account: Account) -> bool:
    platform, country = call.query.get("platform"), call.query.get("country")
    banned = call.query.flag("banned")
    return (
        platform in (None, account.platform)
        and (country is None or _ALIASES.get(country, country) == account.country)
        and banned in (None, account.banned(call.now))
    )

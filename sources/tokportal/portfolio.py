"""The index pass: what the key may see, and which accounts there are.

`GET /accounts` is the listing of record, `GET /analytics` adds columns to it, `GET
/analytics/contract` tells the access level. Three requests for up to a hundred accounts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ..extraction.proof import Proof, prove
from ..http.errors import (
    CredentialsRefused,
    Fatal,
    NotInPlan,
    ProviderError,
    Retriable,
    TryLater,
    WalkError,
)
from ..http.pagination import Listing, whole
from ..landing import payload
from ..landing.batch import Batch
from ..landing.changes import carried, differs
from ..landing.held import Held
from ..landing.rows import Reject, Said, first, identifier
from .client import ACCOUNT_ID, TokPortalClient
from .drilldown import buckets_of
from .scope import Scope
from .tables import ACCOUNTS, BUCKET, CONTRACTS, PORTFOLIO_SNAPSHOTS, VALUE
from .workspace import WorkspaceUnknown, accounts_of_workspace

Row = dict[str, Any]


@dataclass
class Portfolio:
    """Accounts of one key by id, as listed; dashboard rows by id; what the key may see."""

    accounts: dict[str, Row] = field(default_factory=dict)
    dashboard: dict[str, Row] = field(default_factory=dict)
    access_level: str | None = None
    listing: Listing = field(default_factory=Listing)
    unread: int = 0  # rows of the listing that cannot be read
    stated_accounts: Any = None  # as the dashboard says it
    proof: Proof = field(default_factory=partial(Proof, "failed"))


class ListingIncomplete(WalkError):
    """The accounts that were listed are synced; nothing is concluded from those that were not."""

    code = "listing_incomplete"

    def __init__(self, listing: Listing) -> None:
        super().__init__(
            f"the listing says {listing.total} accounts and shows {listing.found}, three times over"
        )


async def read_portfolio(
    client: TokPortalClient, batch: Batch, scope: Scope, held: Held
) -> Portfolio:
    """Read the index pass into the batch. Raises Fatal, and whatever the listing itself raises."""
    portfolio = Portfolio()
    await _read_contract(client, portfolio, batch, scope, held)
    await _read_accounts(client, portfolio, batch, scope)
    await _read_dashboard(client, portfolio, batch, scope, held)
    if scope.options.workspace is not None:
        _keep_workspace(scope.options.workspace, portfolio, batch, scope)
    _prove(portfolio, batch, scope)
    return portfolio


async def _read_contract(
    client: TokPortalClient, portfolio: Portfolio, batch: Batch, scope: Scope, held: Held
) -> None:
    try:
        contract = await client.get_contract()
    except Fatal:
        raise
    except ProviderError as error:
        _leave_out(error, "contracts", batch, scope)
        return
    now = scope.now()
    level = first(contract, "access.level", "accessLevel", "access_level")
    portfolio.access_level = level.lower() if isinstance(level, str) else None
    known = {
        "version": str(first(contract, "version") or "unknown"),
        "access_level": str(level or "unknown"),
    }
    said = batch.reader(CONTRACTS).read(contract, now, known)
    _note_answer("contracts", said, batch, scope)
    if isinstance(said, Reject):
        batch.reject(said, None, now)
        return
    stored = held.whole(CONTRACTS).get(CONTRACTS.key_of(said.row))
    row = carried(CONTRACTS, said, stored) | {"last_seen_at": now}
    row["first_seen_at"] = row["first_seen_at"] or now
    if differs(CONTRACTS, row, stored):
        batch.put(CONTRACTS, row)


async def _read_accounts(
    client: TokPortalClient, portfolio: Portfolio, batch: Batch, scope: Scope
) -> None:
    try:
        listing = await client.list_accounts()
    except NotInPlan as error:
        raise CredentialsRefused(
            f"the key may not list accounts: {error.message}", status=error.status
        ) from error
    except Retriable as error:
        raise TryLater(
            f"the accounts cannot be listed: {error.message}",
            code="provider_down",
            status=error.status,
            request_id=error.request_id,
        ) from error
    portfolio.listing, portfolio.accounts = listing, listing.rows
    if not listing.ended:
        scope.notes.error(batch, scope.now(), ListingIncomplete(listing), "accounts")
    reader, tally = batch.reader(ACCOUNTS), scope.notes.tally("accounts")
    tally.rows, tally.rejected = listing.found, len(listing.nameless)
    now = scope.now()
    for row in listing.nameless:
        batch.reject(reader.reject("account_id: the key is missing", row), None, now)
    # The others are read with what the dashboard and the drilldown add, account by account.
    read = (reader.read(row, now, {"account_id": key}) for key, row in listing.rows.items())
    portfolio.unread = sum(isinstance(said, Reject) for said in read)


def _keep_workspace(workspace: str, portfolio: Portfolio, batch: Batch, scope: Scope) -> None:
    listing, unknown = accounts_of_workspace(
        workspace, portfolio.listing, portfolio.dashboard, whole(portfolio.stated_accounts)
    )
    portfolio.listing, portfolio.accounts = listing, listing.rows
    scope.workspace_accounts = frozenset(listing.rows)
    if unknown:
        message = f"{len(unknown)} accounts may belong to workspace {workspace}: nothing says so"
        scope.notes.error(batch, scope.now(), WorkspaceUnknown(message), "accounts")


async def _read_dashboard(
    client: TokPortalClient, portfolio: Portfolio, batch: Batch, scope: Scope, held: Held
) -> None:
    try:
        dashboard = await client.get_dashboard(scope.options.workspace)
    except Fatal:
        raise
    except ProviderError as error:
        _leave_out(error, "portfolio_snapshots", batch, scope)
        return
    accounts = dashboard.get("accounts")
    for row in accounts if isinstance(accounts, list) else []:
        if (account_id := identifier(row, *ACCOUNT_ID)) is not None:
            portfolio.dashboard[account_id] = row
    portfolio.stated_accounts = first(dashboard, "totals.account_count")
    portfolio.access_level = portfolio.access_level or _lower(first(dashboard, "access.level"))
    _put_totals(dashboard, batch, held, scope)


def _put_totals(dashboard: Row, batch: Batch, held: Held, scope: Scope) -> None:
    now = scope.now()
    # The accounts of the dashboard are in `accounts.payload`; ten thousand of them here twice a day
    # would be the largest column of the warehouse.
    kept = {name: value for name, value in dashboard.items() if name != "accounts"}
    known = {"tenant": batch.tenant, "fetched_at": now, "audience": _audience(dashboard)}
    said = batch.reader(PORTFOLIO_SNAPSHOTS).read(kept, now, known)
    _note_answer("portfolio_snapshots", said, batch, scope)
    if isinstance(said, Reject):
        batch.reject(said, None, now)
        return
    newest = next(iter(held.whole(PORTFOLIO_SNAPSHOTS, newest=1).values()), None)
    if differs(PORTFOLIO_SNAPSHOTS, said.row, newest):
        batch.put(PORTFOLIO_SNAPSHOTS, said.row)


def _audience(dashboard: Row) -> str | None:
    """The audience summary under one spelling of its buckets, whatever the provider's."""
    audience = dashboard.get("audience")
    if not isinstance(audience, dict):
        return None
    summary: Row = {"unit": first(audience, "unit")}
    for dimension, bucket in buckets_of(audience):
        named = {"bucket": first(bucket, *BUCKET), "value": first(bucket, *VALUE)}
        summary.setdefault(dimension, []).append(named)
    return payload.dump(summary)


def _prove(portfolio: Portfolio, batch: Batch, scope: Scope) -> None:
    """Decide whether an account that is not listed is gone."""
    listing, said = portfolio.listing, portfolio.stated_accounts
    stated = whole(said)
    counted = said is None or stated is not None  # what cannot be read may be another number
    counted &= listing.total is not None or stated is not None
    portfolio.proof = prove(
        len(listing.rows) - portfolio.unread,
        expected=listing.total if listing.total is not None else stated,
        rejected=len(listing.nameless) + portfolio.unread,
        ended=listing.ended and stated in (None, listing.found),
        counted=counted and not listing.total_unread,
    )
    equation = "distinct ids = pagination.total = totals.account_count"
    proof = portfolio.proof.without(scope.forgotten(listing.rows))
    scope.notes.complete(batch, scope.now(), "accounts", proof, equation)


def _note_answer(stream: str, said: Said | Reject, batch: Batch, scope: Scope) -> None:
    """A stream of one answer, which is one row."""
    rejected = isinstance(said, Reject)
    proof = prove(int(not rejected), expected=1, rejected=int(rejected))
    scope.notes.complete(batch, scope.now(), stream, proof, "one answer is one row")


def _leave_out(error: ProviderError, stream: str, batch: Batch, scope: Scope) -> None:
    if isinstance(error, NotInPlan):
        scope.notes.skip(
            batch, scope.now(), stream, NotInPlan.code, error.message, remedy=error.remedy
        )
        scope.note_not_in_plan(stream, batch)
    else:
        scope.notes.error(batch, scope.now(), error, stream)


def _lower(value: Any) -> str | None:
    return value.lower() if isinstance(value, str) else None

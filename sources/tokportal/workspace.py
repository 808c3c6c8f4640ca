"""A key that sees several workspaces, configured for one of them.

`/accounts` and the agency's lists have no workspace parameter (developers.tokportal.com), so their
rows are chosen here: by the workspace that the row names, else by the account that it is of. Which
accounts belong to the workspace tells the dashboard, which is asked for it alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ..extraction.scope import Scope
from ..http.errors import WalkError
from ..http.pagination import Listing
from ..landing.held import Key
from ..landing.rows import identifier

Row = dict[str, Any]

_WORKSPACE = ("workspace_id", "workspace", "workspace.id")


class WorkspaceUnknown(WalkError):
    """Neither the listing nor the dashboard tells to which workspace an account belongs."""

    code = "workspace_unknown"
    remedy = (
        "The accounts in question were not asked, and no account is marked removed. The next sync"
        " tries again; without `workspace` in the settings the key reads all accounts."
    )


def accounts_of_workspace(
    workspace: str, listing: Listing, dashboard: dict[str, Row], stated: int | None
) -> tuple[Listing, list[str]]:
    """The part of a listing that belongs to the workspace, and the ids of the accounts of which
    nobody says where they belong. `dashboard`: the rows that the dashboard shows for the workspace,
    `stated`: the number of accounts that it counts."""
    mine: dict[str, Row] = {}
    unknown = []
    shown_all = stated is not None and stated <= len(dashboard)
    for account_id, row in listing.rows.items():
        shown = dashboard.get(account_id)
        named = identifier(row, *_WORKSPACE) or (identifier(shown, *_WORKSPACE) if shown else None)
        if named == workspace or (named is None and shown is not None):
            mine[account_id] = row
        elif named is None and not shown_all:
            unknown.append(account_id)
    return replace(listing, rows=mine, total=stated, ended=listing.ended and not unknown), unknown


def rows_of_workspace(
    scope: Scope, listing: Listing, account: str, stored: Iterable[Key]
) -> Listing:
    """The rows of an agency list that belong to the key's workspace, all where none is configured.

    `account`: where a row names its account. A row that names neither workspace nor an account of
    the key is left out, since every key of the organisation would hold it; unless its key is among
    `stored`, since an account may have been replaced.
    """
    if scope.workspace_accounts is None:
        return listing
    known = {key for (key,) in stored}
    mine = {
        key: row for key, row in listing.rows.items() if _is_of(scope, row, account, key in known)
    }
    return replace(listing, rows=mine, total=len(mine) if listing.complete else None)


def _is_of(scope: Scope, row: Row, account: str, stored: bool) -> bool:
    named = identifier(row, *_WORKSPACE)
    if named is not None:
        return bool(named == scope.options.workspace)
    return stored or scope.holds(identifier(row, account))

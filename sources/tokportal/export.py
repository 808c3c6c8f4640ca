"""The CSV export of all posts (developers.tokportal.com/analytics, "CSV Export"); Creator and up.

One request brings up to a hundred accounts; with more, one request per hundred, and an answer over
the body's cap is asked again in halves. It is a stream of its own, `video_export`, and the way to
`tracked_posts` on a plan that has the export and refuses the drilldown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from ..extraction.offered import offered
from ..extraction.table_reader import TableReader, narrowed
from ..extraction.work import Piece, Work
from ..http.errors import Refused
from ..landing.batch import Batch
from ..landing.held import Held, Key, Stored
from ..landing.outcomes import SYNC_ACCOUNT_STATUS, SYNC_SKIPS
from ..landing.rows import first, identifier
from ..landing.tables import Table
from .agency_tables import VIDEO_EXPORT
from .client import TokPortalClient
from .posts import PostsReader
from .sheet import SheetRow, read_sheet

Row = dict[str, Any]

STREAM = "video_export"
_ACCOUNTS_PER_REQUEST = 100  # forty characters each: what addresses may be long
_RECENT = 5_000  # rows of a ledger that grows for ever
_COMPARED = narrowed(VIDEO_EXPORT)
_RUNS = narrowed(SYNC_ACCOUNT_STATUS, "stream", "run_id")
_SKIPS = narrowed(SYNC_SKIPS, "stream", "run_id", "reason")


async def read_export(work: Work, client: TokPortalClient, rows: Batch, held: Held) -> None:
    """The export, asked for all accounts at once or in parts."""
    chosen = _chosen(work)
    accounts = list((await client.list_accounts()).rows if chosen is None else chosen)
    if len(accounts) <= _ACCOUNTS_PER_REQUEST:
        if accounts:
            named = () if chosen is None else accounts
            await _read_part(work, accounts, named, client, rows, held)
        return
    for part in _parts(accounts, _ACCOUNTS_PER_REQUEST):
        _plan(work, part)


def _chosen(work: Work) -> list[str] | None:
    """The accounts to ask for by name: those of the run, or of the key's workspace; None: all."""
    scope = work.scope
    if scope.only_accounts is not None:
        return sorted(filter(scope.holds, scope.only_accounts))
    return None if scope.workspace_accounts is None else sorted(scope.workspace_accounts)


async def read_export_instead(work: Work, client: TokPortalClient, rows: Batch, held: Held) -> None:
    """The export where it is the way to the posts: the drilldown was refused. Else no request."""
    if drilldown_refused(work, held):
        await read_export(work, client, rows, held)


def drilldown_refused(work: Work, held: Held) -> bool:
    """Whether the plan refuses the drilldown, by this run or, as far as it has not asked yet, by
    the last one."""
    gate = work.scope.gates["drilldown"]
    if gate.granted or gate.refused:
        return not gate.granted
    last = next(iter(held.whole(_RUNS, newest=1).values()), None)
    return last is not None and any(
        skip.row["run_id"] == last.row["run_id"]
        for skip in held.whole(_SKIPS, newest=_RECENT).values()
        if (skip.row["stream"], skip.row["reason"]) == ("drilldown", "not_in_plan")
    )


async def _read_part(
    work: Work,
    accounts: Sequence[str],
    named: Sequence[str],
    client: TokPortalClient,
    rows: Batch,
    held: Held,
) -> None:
    """The export of some accounts; `named` is empty when they are all there are."""
    try:
        text = await offered(client.export_videos(named))
    except Refused as error:
        if error.code != "too_large" or len(accounts) < 2:
            raise
        for part in _parts(accounts, (len(accounts) + 1) // 2):
            _plan(work, part)
        return
    land_export(work, text, rows, held)


def _parts(accounts: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(accounts), size):
        yield tuple(accounts[start : start + size])


def _plan(work: Work, part: Sequence[str]) -> None:
    # Not by work.add: the stream may not be selected and still be the way to the posts.
    do = partial(_read_part, work, part, part)
    work.pieces.append(Piece(STREAM, work, do, f"{part[0]} and {len(part) - 1} more"))


def land_export(work: Work, text: str, rows: Batch, held: Held) -> None:
    """The rows of a CSV, into `video_export` if it is selected, and into `tracked_posts` where the
    drilldown is refused. Raises BadBody for a text that is no CSV."""
    _, sheet = read_sheet(text)
    fill = "drilldown" in work.scope.streams and drilldown_refused(work, held)
    selected = STREAM in work.scope.streams
    by_account: dict[str | None, list[SheetRow]] = {}
    for row in sheet:
        by_account.setdefault(identifier(row.said, "account_id"), []).append(row)
    for account_id, posts in by_account.items():
        if selected:
            _land(work, account_id, posts, rows, held)
        if fill and account_id is not None:
            fill_posts_from_export(work, account_id, posts, rows, held)


def _land(
    work: Work, account_id: str | None, posts: list[SheetRow], rows: Batch, held: Held
) -> None:
    stored = _of_account(account_id, rows.tenant, held)
    reader = TableReader(VIDEO_EXPORT, rows, work.now(), stored, _COMPARED)
    for post in posts:
        if post.problem:
            reader.reject(post.problem, post.cells)
        else:
            reader.put(post.said, {"post_key": post_key(post.said)}, keep=post.cells)


def post_key(said: Row) -> str | None:
    """What names a post in every plan's columns; None when a row names none."""
    platform_id = first(said, "platform_post_id", "provider_post_id")
    by_platform = f"{said.get('platform', '')}/{platform_id}" if platform_id else None
    own = identifier(said, "tracked_post_id", "post_id")
    return own or identifier(said, "url", "permalink", "post_url") or by_platform


def fill_posts_from_export(
    work: Work, account_id: str, posts: list[SheetRow], rows: Batch, held: Held
) -> None:
    """One account's rows of the export as its `tracked_posts` and `post_snapshots`. Nothing is
    concluded from a post that is not among them."""
    usable = [post.said for post in posts if "tracked_post_id" in post.said]
    anywhere = _Anywhere(held, rows.tenant)
    PostsReader(account_id, rows, anywhere, work.now()).read(usable)


def _of_account(account_id: str | None, tenant: str, held: Held) -> dict[Key, Stored]:
    # `of` knows the accounts of a batch's window alone; these may be any.
    return held.where(_COMPARED, account_id, "tenant", tenant) if account_id else {}


class _Anywhere:
    """What is held, asked account by account, whether or not the account is in the window."""

    def __init__(self, held: Held, tenant: str) -> None:
        self._tenant = tenant
        self.since, self.where = held.since, held.where
        self.among, self.whole = held.among, held.whole

    def of(self, table: Table, account_id: str) -> dict[Key, Stored]:
        return self.where(table, account_id, "tenant", self._tenant)

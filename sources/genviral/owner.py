"""What belongs to the key's scope as a whole: accounts to post to, posts made, the plan."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from ..extraction.offered import offered
from ..extraction.plan import A_WALK, ONE_REQUEST
from ..extraction.proof import prove_listing
from ..extraction.scope import Scope
from ..extraction.table_reader import TableReader
from ..extraction.work import Work
from ..landing.batch import Batch
from ..landing.days import is_time, iso, parse
from ..landing.held import Held
from .client import GenviralClient
from .published import read_published
from .tables import ACCOUNTS, SUBSCRIPTION_SNAPSHOTS

Reader = Callable[[Work, GenviralClient, Batch, Held], Awaitable[None]]

_EVERY = timedelta(hours=1)


def begin_owner_work(scope: Scope, state: dict[str, Any]) -> Work | None:
    """The owner's work of this run; None when nothing of it is due, or a run is about some targets
    only."""
    if scope.only_accounts is not None:
        return None
    cursors = {} if scope.full_refresh else dict(state.get("owner", {}))
    work = Work(None, scope, cursors, _settle)
    for stream, read in _READERS.items():
        asked_at = parse((cursors.get(stream) or {}).get("asked_at"))
        if is_time(asked_at, _EVERY, scope.now()):
            cost = A_WALK if read is read_published else ONE_REQUEST
            work.add(stream, partial(read, work), cost=cost)
    return work if work.pieces else None


def _settle(work: Work, batch: Batch, held: Held) -> None:
    """A stream that failed, or of which rows were rejected, is asked again at the next run."""
    for stream, outcome in work.outcomes.items():
        if not outcome.failures and not outcome.rejected:
            cursor = work.cursors.get(stream, {}) | work.moved.get(stream, {})
            work.cursors[stream] = cursor | {"asked_at": iso(work.now())}


async def read_accounts(work: Work, client: GenviralClient, rows: Batch, held: Held) -> None:
    """The accounts that can be posted to; one that is disconnected is not listed any more."""
    listing = await offered(client.list_accounts())
    rows.served += listing.found
    reader = TableReader(ACCOUNTS, rows, work.now(), held.whole(ACCOUNTS))
    reader.put_all(listing)
    proof = prove_listing(listing, len(reader.landed), reader.rejected, withheld=reader.withheld)
    reader.conclude(proof, held)
    equation = "accounts in the table = accounts listed"
    work.scope.notes.complete(rows, work.now(), "accounts", proof, equation)


async def read_subscription(work: Work, client: GenviralClient, rows: Batch, held: Held) -> None:
    """Plan and credits, written when they changed."""
    said = await offered(client.get_subscription())
    newest = held.whole(SUBSCRIPTION_SNAPSHOTS, newest=1)
    now = work.now()
    reader = TableReader(SUBSCRIPTION_SNAPSHOTS, rows, now, {})
    row = reader.read(said, {"tenant": rows.tenant, "fetched_at": now})
    before = next(iter(newest.values()), None)
    columns = [column.name for column in SUBSCRIPTION_SNAPSHOTS.columns]
    if row and (before is None or any(row[name] != before.row[name] for name in columns)):
        rows.served += 1
        rows.put(SUBSCRIPTION_SNAPSHOTS, row)


_READERS: Mapping[str, Reader] = {
    "accounts": read_accounts,
    "published_posts": read_published,
    "subscription_snapshots": read_subscription,
}

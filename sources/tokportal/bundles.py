"""Bundles and their videos (developers.tokportal.com/bundles, /videos).

The listing is cheap (a hundred bundles a request) and read whole. The videos cost a request per
bundle, so only some are asked: bundles that are new or changed, and those with videos that may
still move. The latter daily at first; the longer nothing has moved, the rarer (a quarter of that
time, a week at most). Most bundles have a slot that nobody ever fills.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from ..extraction.offered import offered
from ..extraction.proof import prove, prove_listing
from ..extraction.removal import back_with
from ..extraction.table_reader import TableReader, conclude_listing, narrowed
from ..extraction.work import Work
from ..http.errors import NoDataYet
from ..http.pagination import Listing
from ..landing.batch import Batch
from ..landing.days import is_time, iso, parse
from ..landing.held import Held, Key, Stored
from .agency_tables import BUNDLE_MARKS, BUNDLE_VIDEOS, BUNDLES
from .client import TokPortalClient
from .digest import digest
from .workspace import rows_of_workspace

Row = dict[str, Any]

_ENDED = ("cancelled",)  # videos of an archived bundle may still go live
_EVERY = timedelta(hours=1)
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)


async def read_bundles(work: Work, client: TokPortalClient, rows: Batch, held: Held) -> None:
    """All bundles, or those of the chosen accounts; then plan which videos are due."""
    everything, stored = work.scope.only_accounts is None, held.whole(narrowed(BUNDLES))
    if everything:
        every = await offered(client.list_bundles())
        listing = rows_of_workspace(work.scope, every, "saved_account_id", stored)
        work.moved["bundles"] = {"by_account": {}}
    else:
        listing = await _of_accounts(work, client)
    # Not selected, they are read all the same: they tell whose videos may have moved.
    selected = "bundles" in work.scope.streams
    target = rows if selected else rows.piece()
    reader = TableReader(BUNDLES, target, work.now(), stored)
    bundles = reader.put_all(listing)
    if everything and selected:
        proof = conclude_listing(work.scope, rows, "bundles", listing, reader)
    else:
        proof = prove_listing(
            listing, len(reader.landed), reader.rejected, withheld=reader.withheld
        )
    reader.conclude(proof, held, everything=everything, full=partial(held.whole, BUNDLES))
    _plan_videos(work, bundles, reader.stored, held)


async def _of_accounts(work: Work, client: TokPortalClient) -> Listing:
    """Bundles of the chosen accounts, each asked once an hour at most."""
    cursor, found = work.cursors.get("bundles", {}), Listing(ended=True)
    asked: dict[str, str] = dict(cursor.get("by_account", {}))
    for account_id in sorted(filter(work.scope.holds, work.scope.only_accounts or ())):
        times = (parse(cursor.get("asked_at")), parse(asked.get(account_id)))
        last = max(filter(None, times), default=None)
        if not is_time(last, _EVERY, work.now()):
            continue
        try:
            listing = await offered(client.list_account_bundles(account_id), _UNKNOWN_ACCOUNT)
        except NoDataYet:
            continue  # the account's own streams tell that it is not there
        found.rows |= listing.rows
        found.nameless += listing.nameless
        asked[account_id] = iso(work.now())
    work.moved["bundles"] = {"by_account": asked}
    return found


_UNKNOWN_ACCOUNT = "saved_account_not_found"


def _plan_videos(work: Work, bundles: list[Row], stored: Mapping[Key, Stored], held: Held) -> None:
    """Ask the videos that are due; `stored` are the bundles as they were before."""
    if not work.scope.asks("bundle_videos"):
        return
    marks = {} if work.scope.full_refresh else held.whole(BUNDLE_MARKS)
    for bundle in bundles:
        key = (bundle["bundle_id"],)
        kept = marks.get(key)
        mark = kept.row if kept and kept.completed else None
        if videos_due(bundle, mark, work.now()):
            do = partial(read_bundle_videos, work, bundle, stored.get(key), mark)
            work.add("bundle_videos", do, bundle["bundle_id"])


def videos_due(bundle: Row, mark: Row | None, now: datetime) -> bool:
    """Whether a bundle's videos may have changed since they were read, and it is time to ask."""
    if bundle["videos_quantity"] == 0:
        return False
    if mark is None or mark["bundle_digest"] != digest(BUNDLES, [bundle]):
        return True
    return bundle["status"] not in _ENDED and still_open(mark, now)


def still_open(mark: Row, now: datetime) -> bool:
    """Whether videos of a bundle may still move, and it is time to look again."""
    if not mark["videos_open"]:
        return False
    wait = min(max((now - mark["changed_at"]) / 4, _DAY), _WEEK)
    return is_time(mark["read_at"], wait, now)


async def read_bundle_videos(
    work: Work,
    bundle: Row,
    before: Stored | None,
    mark: Row | None,
    client: TokPortalClient,
    rows: Batch,
    held: Held,
) -> None:
    """The videos of one bundle, written when any has changed, and how the bundle looked then.
    `before` is the bundle as it was stored.

    Where a row had to be rejected there is no mark: they are asked again at the next run.
    """
    bundle_id, account_id = bundle["bundle_id"], bundle["account_id"]
    listing = await offered(client.list_bundle_videos(bundle_id), "bundle_not_found")
    rows.served += listing.found
    stored = back_with(before, held.among(BUNDLE_VIDEOS, "bundle_id", [bundle_id]))
    reader = TableReader(BUNDLE_VIDEOS, rows, work.now(), stored)
    known = {"bundle_id": bundle_id, "account_id": account_id}
    raw_rows = (*listing.rows.values(), *listing.nameless)
    videos = [row for raw in raw_rows if (row := reader.read(raw, known)) is not None]
    seen = digest(BUNDLE_VIDEOS, videos)
    same = mark is not None and mark["videos_digest"] == seen
    for video in videos if not same else []:
        reader.put_row(video)
    # No total comes with the videos; fewer than were ordered are not all of them.
    ordered = bundle["videos_quantity"] or 0
    proof = prove(
        len(reader.landed),
        expected=listing.total,
        rejected=reader.rejected,
        ended=listing.ended,
        counted=not listing.total_unread and listing.found >= ordered,
    )
    work.outcome("bundle_videos").proofs.append(proof)
    reader.conclude(proof, held)
    if not reader.rejected:
        changed_at = mark["changed_at"] if mark is not None and same else work.now()
        _mark(work, rows, bundle, videos, videos_digest=seen, changed_at=changed_at)


def _mark(work: Work, rows: Batch, bundle: Row, videos: list[Row], **found: Any) -> None:
    finalized = sum(video["status"] == "finalized" for video in videos)
    now = work.now()
    rows.put(
        BUNDLE_MARKS,
        {
            "tenant": rows.tenant,
            "bundle_id": bundle["bundle_id"],
            "bundle_digest": digest(BUNDLES, [bundle]),
            "videos_open": max(len(videos), bundle["videos_quantity"] or 0) - finalized,
            "read_at": now,
            "fetched_at": now,
            **found,
        },
    )

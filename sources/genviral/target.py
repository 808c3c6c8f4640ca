"""One target: its totals, its posts, its daily series; and how each stream stands in the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

from ..extraction.plan import A_WALK, ONE_REQUEST, Cost, pages
from ..extraction.proof import Proof, prove, prove_listing
from ..extraction.removal import back_with
from ..extraction.series_gaps import note_gaps_between
from ..extraction.table_reader import TableReader
from ..extraction.work import Piece
from ..http.errors import Skippable
from ..landing.batch import Batch
from ..landing.changes import differs, mark_changes
from ..landing.days import gaps, iso
from ..landing.held import Held
from ..landing.platform_ids import platform_post_id
from ..landing.rows import first
from .client import PAGE, GenviralClient, Window
from .handles import normalized
from .post_walk import PostListing, walk_posts
from .scope import TARGET_STREAMS
from .series import merged_days
from .tables import DAILY_SERIES, POST_SNAPSHOTS, POSTS, TARGETS
from .target_work import TargetWork
from .totals import put_totals, refreshed_at

Row = dict[str, Any]

_NEVER_WITHDRAWN = ("genviral_post_id", "external_id")


class WrongTarget(Skippable):
    """The provider answered for another target than the one asked, or for all of them."""

    code = "wrong_account"
    remedy = "Nothing of the answer was stored. If it stays, report it to the provider."


def plan(work: TargetWork) -> None:
    """What is due of a target."""
    readers = {
        "target_snapshots": read_totals,
        "posts": read_posts,
        "daily_series": read_series,
    }
    for stream, read in readers.items():
        listed = stream == "target_snapshots" and work.totals_listed
        if work.scope.asks(stream) and not listed and not work.unchanged(stream):
            cost = posts_cost(work) if stream == "posts" else ONE_REQUEST
            work.pieces.append(Piece(stream, work, partial(read, work), cost=cost))


def posts_cost(work: TargetWork) -> Cost:
    """Pages of the posts as they were last counted: of how many the listing does not tell."""
    counted = "total" if work.posts_window() == Window() else "recent"
    rows = (work.cursors.get("posts") or {}).get(counted)
    return A_WALK if rows is None else Cost(pages(rows, PAGE), 1, estimated=True)


async def read_totals(work: TargetWork, client: GenviralClient, rows: Batch, held: Held) -> None:
    """Followers and totals, from the target's own page: the listing did not hold them."""
    said = await client.get_target(work.account_id)
    target, summary = said.get("target"), said.get("summary")
    target = target if isinstance(target, dict) else said
    owner = first(target, "target_id", "id")
    if owner is not None and str(owner) != work.account_id:
        raise WrongTarget(f"asked for {work.account_id}, got another target")
    if "targets" in work.scope.streams:  # the listing may say less
        stored = held.of(TARGETS, work.account_id)
        reader = TableReader(TARGETS, rows, work.now(), stored, account_id=work.account_id)
        reader.put(work.listed | target, {"target_id": work.account_id})
    measured = refreshed_at(target) or work.refreshed_at
    totals = target | (summary if isinstance(summary, dict) else {})
    put_totals(work.account_id, totals, measured, rows, held, work.now())
    work.moved["target_snapshots"] = work.cursor("target_snapshots")


async def read_posts(work: TargetWork, client: GenviralClient, rows: Batch, held: Held) -> None:
    """The posts of the window that is due: rows, and one snapshot each for today."""
    window = work.posts_window()
    listing = await walk_posts(partial(client.list_posts, work.account_id), window, work.today)
    proof = land_posts(work, listing, rows, held, everything=window == Window())
    if proof.complete and window == Window():
        recent = listing.published_since(work.recent_window().start or work.today)
        facts: Row = {"full_at": iso(work.now()), "total": listing.total, "recent": recent}
        work.moved["posts"] = work.cursor("posts", **facts)
    elif proof.complete:
        work.moved["posts"] = work.cursor("posts", recent=listing.total)


def land_posts(
    work: TargetWork, listing: PostListing, rows: Batch, held: Held, *, everything: bool
) -> Proof:
    """The rows of a listing, and whether it was complete. `everything`: it is of all posts."""
    proof = _Posts(work, rows, held).read(listing, everything=everything)
    equation = "distinct ids in the table = totalCount"
    equation += f" ({listing.why})" if listing.why else ""
    work.scope.notes.complete(rows, work.now(), "posts", proof, equation, work.account_id)
    return proof


class _Posts:
    """Reads the rows of a listing for one target."""

    def __init__(self, work: TargetWork, rows: Batch, held: Held) -> None:
        self.work, self.rows, self.now = work, rows, work.now()
        self.held = held
        target = held.of(TARGETS, work.account_id).get((work.account_id,))
        stored = back_with(target, held.of(POSTS, work.account_id))
        self.reader = TableReader(POSTS, rows, self.now, stored, account_id=work.account_id)
        self.today = held.of(POST_SNAPSHOTS, work.account_id)

    def read(self, listing: PostListing, *, everything: bool) -> Proof:
        """All rows; of a complete listing of everything, what is not in it is gone."""
        raw_rows = [*listing.rows.values(), *listing.nameless]
        self.rows.served += len(raw_rows)
        strangers = [raw for raw in raw_rows if self._stranger(raw)]
        if strangers and len(strangers) == len(raw_rows):
            raise WrongTarget(f"asked for {self.work.account_id}, got posts of other accounts")
        for raw in raw_rows:
            self._read_one(raw)
        proof = prove_listing(listing, len(self.reader.landed), self.reader.rejected)
        self.reader.conclude(proof, self.held, everything=everything)
        return proof

    def _stranger(self, raw: Row) -> str | None:
        """Whose the row is, when it is not this target's: a filter may have been ignored."""
        platform, handle = first(raw, "platform"), first(raw, "accountIdentifier")
        if self.work.platform and platform and platform != self.work.platform:
            return f"an account on {platform}"
        owner = self.work.owners.get((platform, normalized(handle)))
        return f"target {owner}" if owner not in (None, self.work.account_id) else None

    def _read_one(self, raw: Row) -> None:
        if stranger := self._stranger(raw):
            self.reader.reject(f"it belongs to {stranger}", raw)
            return
        row = self.reader.read(raw, {"target_id": self.work.account_id})
        if row is None:
            return
        row["platform_post_id"] = row["platform_post_id"] or platform_post_id(row["url"])
        self._keep_correlation(row)
        self.reader.put_row(row)
        snapshot: Row = {c.name: row.get(c.name) for c in POST_SNAPSHOTS.all_columns}
        snapshot["fetched_on"], snapshot["measured_at"] = self.work.today, self.work.refreshed_at
        if differs(POST_SNAPSHOTS, snapshot, self.today.get(POST_SNAPSHOTS.key_of(snapshot))):
            self.rows.put(POST_SNAPSHOTS, snapshot)

    def _keep_correlation(self, row: Row) -> None:
        """An id that correlates a post with a published one may come; it does not go."""
        stored = self.reader.stored.get(POSTS.key_of(row))
        for name in _NEVER_WITHDRAWN:
            if stored and row[name] is None and stored.row[name] is not None:
                row[name] = stored.row[name]
                self.work.scope.notes.skip(
                    self.rows,
                    self.now,
                    "posts",
                    "correlation_withdrawn",
                    f"post {row['analytics_id']} lost its {name}; the stored one is kept",
                    self.work.account_id,
                )


async def read_series(work: TargetWork, client: GenviralClient, rows: Batch, held: Held) -> None:
    """What was won per day, from the target's summary."""
    window = work.series_window()
    summary = await client.get_summary(work.account_id, window)
    days, rejected = land_series(work, summary, rows, held)
    if not rejected:
        stored = {each.row["date"] for each in held.of(DAILY_SERIES, work.account_id).values()}
        since, until = window.start or min(days, default=work.today), window.end or work.today
        known, now = days | stored, work.now()
        note_gaps_between(rows, held, work.account_id, since, until, known, now)
    through = min(max(days, default=work.today), work.today)
    facts = {"full_at": iso(work.now())} if window == Window() else {}
    work.moved["daily_series"] = work.cursor("daily_series", through=through.isoformat(), **facts)


def land_series(work: TargetWork, summary: Row, rows: Batch, held: Held) -> tuple[set[date], bool]:
    """The days of a summary, and whether one of them had to be rejected."""
    stored = held.of(DAILY_SERIES, work.account_id)
    reader = TableReader(DAILY_SERIES, rows, work.now(), stored, account_id=work.account_id)
    days: set[date] = set()
    for raw in merged_days(summary):
        rows.served += 1
        if row := reader.read(raw, {"target_id": work.account_id}):
            held_point = stored.get(DAILY_SERIES.key_of(row))
            reader.put_row(mark_changes(DAILY_SERIES, row, held_point, work.now()))
            days.add(row["date"])
    missing = gaps(days)
    proof = prove(len(days), rejected=reader.rejected, counted=not missing)
    proof = replace(proof, expected=len(days) + missing)
    equation = "every day between the first and the last"
    work.scope.notes.complete(rows, work.now(), "daily_series", proof, equation, work.account_id)
    return days, bool(reader.rejected)


def settle(work: TargetWork, batch: Batch, held: Held) -> None:
    """Status rows of every stream of the target; cursors move for the complete ones only."""
    refreshed = iso(work.refreshed_at) if work.refreshed_at else None
    for stream in TARGET_STREAMS:
        if stream not in work.scope.streams:
            continue
        status = work.status_of(stream)
        if status == "ok" and stream in work.moved:
            work.cursors[stream] = work.moved[stream]
        work.stands(stream, status, batch, held, refreshed)

"""Campaigns: the cheapest way to their posts' figures. Each is read as a whole or not at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ..extraction.proof import Proof, prove_listing, together
from ..extraction.table_reader import TableReader
from ..http import json_body
from ..http.pagination import Listing
from ..landing.batch import Batch
from ..landing.held import Held, Lookup
from ..landing.rows import first, identifier
from ..landing.tables import Table
from .addresses import cleaned, handle_in
from .client import POST_ID, TokfluenceClient
from .creators import creator_key, put_creator
from .known import Known
from .paging import CursorPage, CursorWalk, walk_proven
from .posts import PostReader
from .scope import Scope
from .tables import (
    CAMPAIGN_CREATORS,
    CAMPAIGN_METRICS,
    CAMPAIGN_POSTS,
    CAMPAIGNS,
    CREATORS,
)

Row = dict[str, Any]


@dataclass
class CampaignReader:
    """Reads one campaign into `rows`; its posts into `posts`, which are worth landing even when the
    campaign breaks off."""

    campaign_id: str
    scope: Scope
    known: Known
    lookup: Lookup
    rows: Batch
    posts: Batch
    handles: dict[str, str | None] = field(default_factory=dict)  # of its posts, as it gives them

    async def read(self, client: TokfluenceClient) -> None:
        """Raises a ProviderError; `rows` are then incomplete."""
        held = self.lookup(self.scope.tenant, [self.campaign_id])
        head = await client.get_campaign(self.campaign_id)
        self._reader(CAMPAIGNS, held).put(head, {"campaign_id": self.campaign_id})
        self._put_metrics(await client.get_campaign_metrics(self.campaign_id), held)
        posts = await self._read_posts(client, held)
        creators = await self._read_creators(client, held)
        self._prove(posts, creators)

    def _put_metrics(self, raw: Row, held: Held) -> None:
        before = held.of(CAMPAIGN_METRICS, self.campaign_id)
        if any(s.completed and _same(s.row["payload"], raw) for s in before.values()):
            return
        now = self.scope.now()
        named = {"campaign_id": self.campaign_id, "captured_at": now}
        self._reader(CAMPAIGN_METRICS, held).put(raw, named)

    async def _read_posts(self, client: TokfluenceClient, held: Held) -> Proof:
        walk = CursorWalk(_post_id)
        try:
            listing = await self._walk(walk, client.list_campaign_posts)
        finally:
            self._put_posts(walk)
        reader = self._reader(CAMPAIGN_POSTS, held)
        for key, raw in walk.rows.items():
            self._put_member(reader, key, raw)
        for raw in walk.nameless.values():
            reader.reject("post_id: the key is missing", raw)
        return self._concluded(listing, reader, held)

    def _put_posts(self, walk: CursorWalk) -> None:
        """Each post's own row: what was paid for lands, also from a walk that breaks off."""
        handles = {key: _handle_of(raw) for key, raw in walk.rows.items()}
        owners = {self.known.handle_of(key, said) for key, said in handles.items()}
        held = self.lookup(self.scope.tenant, sorted(owners))
        reader = PostReader(self.scope, self.known, self.posts, held)
        for key, raw in walk.rows.items():
            reader.put(key, _post_of(raw), handles[key])
            self.handles[key] = handles[key]

    def _put_member(self, reader: TableReader, key: str, raw: Any) -> None:
        handle = _handle_of(raw) or self.known.handle_of(key)
        named = {"campaign_id": self.campaign_id, "post_id": key, "platform_post_id": key}
        reader.put(_post_of(raw), named | {"creator_handle": handle})

    async def _read_creators(self, client: TokfluenceClient, held: Held) -> Proof:
        walk = CursorWalk(creator_key)
        listing = await self._walk(walk, client.list_influencers)
        creators = self.lookup(self.scope.tenant, list(walk.rows))
        reader = self._reader(CAMPAIGN_CREATORS, held)
        for key, raw in walk.rows.items():
            reader.put(raw, {"campaign_id": self.campaign_id, "creator_id": key})
            put_creator(self.scope, raw, self.rows, creators.of(CREATORS, key), in_campaign=True)
        for raw in walk.nameless.values():
            reader.reject("creator_id: the key is missing", raw)
        return self._concluded(listing, reader, held)

    async def _walk(
        self, walk: CursorWalk, ask: Callable[[str, int], Awaitable[CursorPage]]
    ) -> Listing:
        try:
            return await walk_proven(walk, partial(ask, self.campaign_id))
        finally:
            self.rows.served += walk.found

    def _concluded(self, listing: Listing, reader: TableReader, held: Held) -> Proof:
        """What a list of the campaign proves; rows that a complete one lacks are removed."""
        landed, rejected = len(reader.landed), reader.rejected
        proof = prove_listing(listing, landed, rejected, lower_bound=True)
        reader.conclude(proof, held)
        return proof

    def _prove(self, *proofs: Proof) -> None:
        equation = "posts and creators in the tables = meta.total of both lists"
        self.scope.notes.complete(
            self.rows, self.scope.now(), "campaigns", together(proofs), equation, self.campaign_id
        )

    def _reader(self, table: Table, held: Held) -> TableReader:
        stored, now = held.of(table, self.campaign_id), self.scope.now()
        return TableReader(table, self.rows, now, stored, account_id=self.campaign_id)


def _post_of(raw: Any) -> Any:
    """The post of a row, beside the campaign's fields or in an object of its own."""
    inner = raw.get("post") if isinstance(raw, dict) else None
    return raw | inner if isinstance(inner, dict) else raw


def _post_id(raw: Any) -> str | None:
    return identifier(_post_of(raw), *POST_ID)


def _handle_of(raw: Any) -> str | None:
    post = _post_of(raw)
    said = first(post, "creator_handle", "creatorHandle", "username")
    return handle_in(first(post, "url", "post_url")) or cleaned(said)


def _same(payload: Any, raw: Row) -> bool:
    """Whether a stored payload says the same; a database may give it parsed, or spaced."""
    return bool(
        json_body.parse(payload.encode()) == raw if isinstance(payload, str) else payload == raw
    )

"""Campaigns: the cheapest way to their posts' figures. Each is read as a whole or not at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from ..extraction.table_reader import TableReader
from ..http import json_body
from ..landing.batch import Batch
from ..landing.held import Held, Lookup
from ..landing.rows import first, identifier
from ..landing.tables import Table
from .addresses import cleaned, handle_in
from .client import CREATOR_ID, POST_ID, TokfluenceClient
from .creators import put_creator
from .known import Known
from .paging import CursorPage, CursorWalk, gravest, walk_proven
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


class Proof(NamedTuple):
    """A list that was walked, and what that proves."""

    status: str
    walk: CursorWalk


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
            status = await self._walk(walk, client.list_campaign_posts)
        finally:
            self._put_posts(walk)
        reader = self._reader(CAMPAIGN_POSTS, held)
        listed = [self._put_member(reader, key, raw) for key, raw in walk.rows.items()]
        if status == "proven":
            reader.mark_gone(listed)
        return Proof(status, walk)

    def _put_posts(self, walk: CursorWalk) -> None:
        """Each post's own row: what was paid for lands, also from a walk that breaks off."""
        handles = {key: _handle_of(raw) for key, raw in walk.rows.items()}
        owners = {self.known.handle_of(key, said) for key, said in handles.items()}
        held = self.lookup(self.scope.tenant, sorted(owners))
        reader = PostReader(self.scope, self.known, self.posts, held)
        for key, raw in walk.rows.items():
            if _post_id(raw):
                reader.put(key, _post_of(raw), handles[key])
                self.handles[key] = handles[key]

    def _put_member(self, reader: TableReader, key: str, raw: Any) -> tuple[str, ...]:
        if _post_id(raw) is None:
            reader.reject("post_id: the key is missing", raw)
            return ()
        handle = _handle_of(raw) or self.known.handle_of(key)
        named = {"campaign_id": self.campaign_id, "post_id": key, "platform_post_id": key}
        reader.see(_post_of(raw), named | {"creator_handle": handle})
        return (self.campaign_id, key)

    async def _read_creators(self, client: TokfluenceClient, held: Held) -> Proof:
        walk = CursorWalk(lambda raw: identifier(raw, *CREATOR_ID))
        status = await self._walk(walk, client.list_influencers)
        creators = self.lookup(self.scope.tenant, list(walk.rows))
        reader = self._reader(CAMPAIGN_CREATORS, held)
        for key, raw in walk.rows.items():
            reader.put(raw, {"campaign_id": self.campaign_id})
            put_creator(self.scope, raw, self.rows, creators.of(CREATORS, key), in_campaign=True)
        return Proof(status, walk)

    async def _walk(
        self, walk: CursorWalk, ask: Callable[[str, int], Awaitable[CursorPage]]
    ) -> str:
        try:
            return await walk_proven(walk, partial(ask, self.campaign_id))
        finally:
            self.rows.served += len(walk.rows)

    def _prove(self, posts: Proof, creators: Proof) -> None:
        totals = [proof.walk.total for proof in (posts, creators)]
        self.scope.notes.complete(
            self.rows,
            self.scope.now(),
            "campaigns",
            gravest(posts.status, creators.status),
            "distinct posts and creators = meta.total of both lists",
            self.campaign_id,
            expected=None if None in totals else sum(total or 0 for total in totals),
            landed=len(posts.walk.rows) + len(creators.walk.rows),
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

"""The index pass: campaigns and profiles that are due, before any single post is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from ..extraction.proof import prove
from ..extraction.run import Cursors
from ..http.errors import Fatal, NotFound, ProviderError
from ..landing.batch import Batch
from ..landing.days import SLACK, iso, parse
from ..landing.held import Lookup
from ..landing.outcomes import SYNC_ACCOUNT_STATUS
from .addresses import is_creator, is_post_id
from .campaigns import CampaignReader
from .client import TokfluenceClient
from .creators import read_creator
from .known import Known
from .options import creators, listed
from .plan import BadId
from .scope import Scope
from .tables import CAMPAIGN_POSTS

Read = Callable[[str, Batch], Awaitable[None]]


@dataclass
class Index:
    """Reads what is configured as a whole. `in_campaigns`: posts of campaigns that are up to date,
    with the handle that the campaign gives."""

    scope: Scope
    known: Known
    lookup: Lookup
    batch: Batch
    cursors: Cursors
    in_campaigns: dict[str, str | None] = field(default_factory=dict)
    left: int = 0  # campaigns and profiles that are due and not read

    async def read(self, client: TokfluenceClient) -> None:
        """All that is due. Raises Fatal; any other trouble is noted, and the others are read."""
        campaigns, profiles = self.due()
        self.left = len(campaigns) + len(profiles)
        for campaign_id in campaigns:
            await self._one("campaigns", campaign_id, partial(self._campaign, client))
        for creator in profiles:
            await self._one("creators", creator, partial(self._creator, client))
        self.remember()

    def _chosen(self, stream: str, names: Iterable[str], valid: Callable[[str], bool]) -> list[str]:
        """Those to read now; a run limited to some creators leaves them to the next full one."""
        if not self.scope.asks(stream) or self.scope.only_accounts is not None:
            return []
        for name in (name for name in names if not valid(name)):
            error = BadId(f"{stream}: {name[:80]!r} cannot be an id")
            self.scope.notes.error(self.batch, self.scope.now(), error, stream, item_id=name[:80])
        kinds = (stream, f"{stream}_not_found")
        return [n for n in names if valid(n) and not any(self._fresh(kind, n) for kind in kinds)]

    async def _one(self, stream: str, name: str, read: Read) -> None:
        scope, rows = self.scope, self.batch.piece()
        error: ProviderError | None = None
        try:
            await read(name, rows)
        except Fatal:
            raise
        except ProviderError as trouble:
            error, rows = trouble, self.batch.piece()
            scope.notes.error(self.batch, scope.now(), error, stream, item_id=name)
        else:
            self.batch.take(rows)
            scope.notes.counted(stream, rows)
            rejected = rows.rejected()
            outcome = prove(int(not rejected), rejected=rejected)
            scope.notes.close(self.batch, scope.now(), stream, name, outcome)
        self.left -= 1
        if error is None:
            self._moments(stream)[name] = iso(scope.now())
        elif isinstance(error, NotFound):  # a wrong id costs credits once in a while, not each time
            self._moments(f"{stream}_not_found")[name] = iso(scope.now())
        self._stands(stream, name, rows, error)

    async def _campaign(self, client: TokfluenceClient, campaign_id: str, rows: Batch) -> None:
        posts = rows.piece()
        reader = CampaignReader(campaign_id, self.scope, self.known, self.lookup, rows, posts)
        try:
            await reader.read(client)
        finally:
            self.batch.take(posts)
            self.scope.notes.counted("posts", posts)
            self.in_campaigns |= reader.handles

    async def _creator(self, client: TokfluenceClient, creator: str, rows: Batch) -> None:
        await read_creator(creator, client, self.scope, self.lookup, rows)

    def due(self) -> tuple[list[str], list[str]]:
        """Campaigns and profiles to read now."""
        options = self.scope.options
        campaigns = self._chosen("campaigns", listed(options.campaign_ids), is_post_id)
        return campaigns, self._chosen("creators", creators(options), is_creator)

    def remember(self, due: Container[str] = ()) -> None:
        """Posts of campaigns that were read lately; of those that are `due` as they were then."""
        campaign_ids = listed(self.scope.options.campaign_ids)
        held = self.lookup(self.scope.tenant, campaign_ids)
        for campaign_id in campaign_ids:
            if campaign_id in due or self._fresh("campaigns", campaign_id):
                for stored in held.of(CAMPAIGN_POSTS, campaign_id).values():
                    if stored.row["removed_at"] is None:
                        named = {stored.row["post_id"]: stored.row["creator_handle"]}
                        self.in_campaigns = named | self.in_campaigns

    def _fresh(self, kind: str, name: str) -> bool:
        """Asked within `campaign_every_hours`; a moment after now is none."""
        read_at, now = parse(self._moments(kind).get(name)), self.scope.now()
        every = timedelta(hours=self.scope.options.campaign_every_hours)
        if read_at is None or self.scope.full_refresh:
            return False
        return now - every + SLACK < read_at <= now + SLACK

    def _moments(self, kind: str) -> dict[str, str]:
        """When each was asked, out of the cursors."""
        moments: dict[str, str] = self.cursors.setdefault(kind, {})
        return moments

    def _stands(self, stream: str, name: str, rows: Batch, error: ProviderError | None) -> None:
        held = self.lookup(self.scope.tenant, [name]).of(SYNC_ACCOUNT_STATUS, name)
        self.scope.notes.status(
            self.batch,
            self.scope.now(),
            stream,
            name,
            "failed" if error else "partial" if rows.rejected() else "ok",
            held.get((name, stream)),
            rows=rows.data_rows(),
            cursor=self._moments(stream).get(name),
            error=error,
        )

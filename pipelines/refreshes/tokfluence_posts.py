"""Which posts are to be analyzed, and at which address: as named, or as the warehouse knows them.

An address without its query is the key: `?utm=…` would be billed as another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sources
from sources.tokfluence.addresses import (
    UNKNOWN,
    cleaned,
    handle_in,
    is_photo,
    is_post_id,
    post_id_in,
)
from sources.tokfluence.options import Options, listed
from sources.tokfluence.tables import CAMPAIGN_POSTS, MISSING_POSTS, POST_MARKS

from ..destinations import Warehouse
from ..known_posts import known_posts
from ..refresh_plan import longest_unmeasured_first

_SCHEMA = "tokfluence"
_SHORT = ("vm.tiktok.com", "vt.tiktok.com", "tiktok.com/t/")
_PHOTOS = "a post of photos: Tokfluence holds videos"
_NO_HANDLE = "nobody says whose post it is: name its address with --posts"


@dataclass
class Post:
    """A TikTok video. `followed`: a sync reads it, as it is configured now. `missing`: it was not
    in the index. `read_at`: its figures were read last (UTC). `ordered`: they are on the way."""

    post_id: str
    url: str | None = None
    handle: str | None = None
    tenant: str | None = None
    followed: bool = False
    missing: bool = False
    read_at: datetime | None = None
    ordered: bool = False

    @property
    def address(self) -> str | None:
        """Where TikTok has it; None when nobody says whose it is."""
        if self.url or not self.handle:
            return self.url
        return f"https://www.tiktok.com/@{self.handle}/video/{self.post_id}"

    def learn(self, url: str | None, handle: str | None = None) -> None:
        """What one more place says of it; what was said first stays."""
        said = handle_in(url) or (None if handle == UNKNOWN else cleaned(handle))
        self.handle = self.handle or said
        if self.url is None and url:
            self.url = shortened(url)


@dataclass
class Catalogue:
    """Every post that configuration and warehouse know, or those of `only`."""

    options: Mapping[str, Options]  # by key
    warehouse: Warehouse | None
    only: frozenset[str] | None = None
    posts: dict[str, Post] = field(default_factory=dict)

    def read(self) -> Catalogue:
        if self.warehouse is not None:
            self._read_indexes(self.warehouse)
        for tenant, options in self.options.items():
            self._read_options(tenant, options)
        if self.warehouse is not None:
            self._read_posts(self.warehouse)
        return self

    def _read_options(self, tenant: str, options: Options) -> None:
        for post_id in listed(options.post_ids):
            self._met(post_id, tenant=tenant, followed=True)
        for url in listed(options.post_urls):
            if found := post_id_in(url):
                self._met(found, url, tenant=tenant, followed=True)

    def _read_indexes(self, warehouse: Warehouse) -> None:
        ours = warehouse.tables(_SCHEMA)
        if POST_MARKS.name in ours:
            self._read_rows(warehouse, POST_MARKS.name, "true")
            self._read_marks(warehouse)
        if MISSING_POSTS.name in ours:
            # One without a date was ordered already: the next sync tells.
            there = "found_at is null and retry_after is not null"
            self._read_rows(warehouse, MISSING_POSTS.name, there, missing=True)
        if CAMPAIGN_POSTS.name in ours:
            for campaign_id in self._each("campaign_ids"):
                there = "removed_at is null and campaign_id = ?"
                self._read_rows(warehouse, CAMPAIGN_POSTS.name, there, campaign_id, followed=True)

    def _read_posts(self, warehouse: Warehouse) -> None:
        elsewhere = known_posts(warehouse)
        followed = self._each("posts_from")
        for schema in sources.names():
            for post in elsewhere(schema):
                self._met(post.post_id, post.url, followed=schema in followed)

    def _each(self, option: str) -> set[str]:
        """What an option names, over all keys."""
        return {one for said in self.options.values() for one in listed(getattr(said, option))}

    def _read_rows(
        self, warehouse: Warehouse, table: str, there: str, *values: str, **facts: bool
    ) -> None:
        sql = f'select tenant, post_id, creator_handle from "{_SCHEMA}"."{table}" where {there}'
        for tenant, post_id, handle in warehouse.query(sql, values):
            self._met(post_id, None, handle, tenant, **facts)

    def _read_marks(self, warehouse: Warehouse) -> None:
        sql = f'select post_id, max(read_at) from "{_SCHEMA}"."{POST_MARKS.name}" group by post_id'
        for post_id, read_at in warehouse.query(sql):
            if post := self.posts.get(post_id):
                post.read_at, post.ordered = read_at, read_at is None

    def _met(
        self,
        post_id: str,
        url: str | None = None,
        handle: str | None = None,
        tenant: str | None = None,
        *,
        followed: bool = False,
        missing: bool = False,
    ) -> None:
        if is_post_id(post_id) and (self.only is None or post_id in self.only):
            post = self.posts.setdefault(post_id, Post(post_id))
            post.learn(url, handle)
            post.tenant = post.tenant or tenant
            post.followed, post.missing = post.followed or followed, post.missing or missing

    def chosen(self, fits: Callable[[Post], bool]) -> list[Post]:
        """Videos in the order in which a budget takes them: never read, then those that were read
        longest ago, and last what was ordered and not read since. Ties: the youngest first, for
        TikTok's ids grow with time."""
        fitting = [post for post in self.posts.values() if fits(post) and not is_photo(post.url)]
        fitting.sort(key=lambda post: int(post.post_id), reverse=True)
        fitting = longest_unmeasured_first(fitting, lambda post: post.read_at)
        return sorted(fitting, key=lambda post: post.ordered)


def shortened(url: str) -> str:
    """An address without query and fragment."""
    return url.strip().split("?")[0].split("#")[0]


def named(texts: Iterable[str]) -> Iterator[tuple[str, Post | str]]:
    """What was named on the command line, with the post it means, or why it means none."""
    seen = set[str]()
    for text in texts:
        post_id: str | None = text if is_post_id(text) else post_id_in(text)
        if post_id is None or (is_photo(text) and post_id != text):
            yield text, _why_not(text)
        elif post_id not in seen:
            seen.add(post_id)
            post = Post(post_id)
            if post_id != text:
                post.learn(text)
            yield text, post


def _why_not(text: str) -> str:
    if any(host in text.lower() for host in _SHORT):
        return "a short link holds no post id and is not followed: open it, name where it leads"
    if is_photo(text):
        return _PHOTOS
    return "neither a post id nor the address of a TikTok video"


def trouble_of(post: Post) -> str:
    """Why a post cannot be analyzed; empty when it can."""
    if is_photo(post.url):
        return _PHOTOS
    return "" if post.address else _NO_HANDLE

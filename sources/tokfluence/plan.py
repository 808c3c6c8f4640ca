"""Which posts are followed, whose they are, and which of them are due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from ..extraction.elsewhere import Elsewhere, KnownPost
from ..http.errors import Refused
from ..landing.batch import Batch
from .addresses import handle_in, is_photo, is_post_id, post_id_in
from .known import Known
from .marks import overdue
from .options import listed
from .scope import Scope

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class BadId(Refused):
    """A setting names what cannot be an id."""

    code = "bad_identifier"
    remedy = "Correct the setting. Nothing was asked: a wrong id costs its credit."


@dataclass
class Due:
    """Posts by creator; `due` are those whose figures are asked, most worth first: the figures of
    others came with a campaign. `comments`: of those due, as other providers count them."""

    posts: dict[str, list[str]] = field(default_factory=dict)
    due: dict[str, list[str]] = field(default_factory=dict)
    comments: dict[str, int | None] = field(default_factory=dict)

    @property
    def due_total(self) -> int:
        return sum(map(len, self.due.values()))

    def due_of(self, creators: Iterable[str]) -> int:
        """Due posts of these creators."""
        return sum(len(self.due.get(creator, ())) for creator in creators)


def make_plan(
    scope: Scope,
    known: Known,
    in_campaigns: dict[str, str | None],
    elsewhere: Elsewhere,
    batch: Batch,
) -> Due:
    """The plan of a run. `in_campaigns`: posts of campaigns that are up to date, with the handle
    that the campaign gives; their figures are not paid for one by one."""
    handles = {post_id: known.handle_of(post_id, said) for post_id, said in in_campaigns.items()}
    worth: dict[str, tuple[float, datetime]] = {}
    comments: dict[str, int | None] = {}
    for post in _wanted(scope, elsewhere, batch):
        post_id = post.post_id
        if post_id in handles:
            continue
        handles[post_id] = known.handle_of(post_id, handle_in(post.url))
        mark = known.marks.get(post_id)
        times = overdue(scope.options, mark, scope.now())
        if times >= 1 and not known.is_missing(post_id, scope.now()):
            published = (mark and mark.published_at) or post.published_at
            worth[post_id] = (times, published or _LONG_AGO)
            comments[post_id] = post.comments
    return replace(_grouped(scope, handles, worth), comments=comments)


def _grouped(
    scope: Scope, handles: dict[str, str], worth: dict[str, tuple[float, datetime]]
) -> Due:
    posts, due = defaultdict(list), defaultdict(list)
    # Never read, then longest overdue, then youngest: no post starves where credits are short.
    for post_id in sorted(worth, key=worth.__getitem__, reverse=True):
        if scope.chooses(handles[post_id]):
            due[handles[post_id]].append(post_id)
            posts[handles[post_id]].append(post_id)
    for post_id, handle in handles.items():
        if post_id not in worth and scope.chooses(handle):
            posts[handle].append(post_id)
    return Due(dict(posts), dict(due))


def _wanted(scope: Scope, elsewhere: Elsewhere, batch: Batch) -> Iterator[KnownPost]:
    options = scope.options
    for text in listed(options.post_ids):
        if is_post_id(text):
            yield KnownPost(text, None, None)
        else:
            _refuse(scope, batch, text, f"post_ids: {text[:80]!r} is no TikTok post id")
    for url in listed(options.post_urls):
        if (post_id := post_id_in(url)) and not is_photo(url):
            yield KnownPost(post_id, url, None)
        else:
            _refuse(scope, batch, url, f"post_urls: {url[:200]!r} is no address of a TikTok video")
    yield from _found_elsewhere(scope, elsewhere, batch)


def _found_elsewhere(scope: Scope, elsewhere: Elsewhere, batch: Batch) -> Iterator[KnownPost]:
    photos = 0
    for schema in listed(scope.options.posts_from):
        for post in elsewhere(schema):
            if is_photo(post.url):
                photos += 1
            elif is_post_id(post.post_id):
                yield post
    if photos:
        words = f"{photos} posts are photos, and Tokfluence holds videos"
        scope.notes.skip(batch, scope.now(), "posts", "not_a_video", words)


def _refuse(scope: Scope, batch: Batch, item: str, why: str) -> None:
    scope.notes.error(batch, scope.now(), BadId(why), "posts", item_id=item[:80])

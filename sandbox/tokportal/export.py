"""GET /analytics/export/videos: every post in scope as CSV, in one answer. Creator and above."""

import csv
from collections.abc import Iterable, Iterator
from io import StringIO
from typing import Any, Final

from sandbox.answers import Answer
from sandbox.tokportal import shapes
from sandbox.tokportal.call import Call
from sandbox.tokportal.dashboard import accounts_in_scope
from sandbox.world.accounts import Account
from sandbox.world.counters import engagement_rate
from sandbox.world.posts import Post

CSV_TYPE: Final = "text/csv; charset=utf-8"
_BOM: Final = "\ufeff"
_COLUMNS: Final = (
    *("account_id", "account", "platform", "country", "tracked_post_id", "platform_post_id"),
    *("url", "caption", "published_at", "content_type", "views", "likes", "comments"),
    *("shares", "bookmarks", "engagement_rate", "captured_at"),
)
_FULL_ONLY: Final = ("impressions", "reach", "source", "video_id", "duration_seconds")


def export_videos(call: Call) -> Answer:
    """RFC 4180; `from` and `to` choose by publication, `q` searches texts, addresses and ids."""
    call.require("export")
    columns = [*_COLUMNS, *(() if call.plan.hidden else _FULL_ONLY)]
    rows = (_row(call, account, post) for account, post in posts_in_scope(call))
    text = _later(columns, rows) if call.later else _first(columns, rows)
    name = {"Content-Disposition": 'attachment; filename="tokportal-videos.csv"'}
    return Answer(200, text.encode(), CSV_TYPE, name)


def posts_in_scope(
    call: Call, accounts: list[Account] | None = None
) -> Iterator[tuple[Account, Post]]:
    """The posts of the accounts in scope that pass every filter of the dashboard and the search."""
    first, last = call.query.window()
    needle = (call.query.get("q") or "").casefold()
    for account in accounts_in_scope(call) if accounts is None else accounts:
        if not call.world.has_v2(account, call.now):
            continue
        for post in call.posts(account):
            if (first is None or post.published_at >= first) and (
                last is None or post.published_at <= last
            ):
                if needle and not any(needle in text for text in _texts(account, post)):
                    continue
                yield account, post


def _texts(account: Account, post: Post) -> Iterator[str]:
    for text in (
        *(account.username, account.display_name, account.id),
        *(post.caption or "", post.url(account), post.platform_post_id),
    ):
        yield text.casefold()


def _row(call: Call, account: Account, post: Post) -> dict[str, Any]:
    snapshot = call.world.newest_post_snapshot(account, post, call.now)
    return {
        "account_id": account.id,
        "account": account.username,
        "platform": account.platform,
        "country": account.country,
        "tracked_post_id": post.id,
        "platform_post_id": post.platform_post_id,
        "url": post.url(account),
        "caption": post.caption,
        "published_at": shapes.iso(post.published_at),
        "content_type": post.content_type,
        **snapshot.counters._asdict(),
        "engagement_rate": engagement_rate(snapshot.counters),
        "captured_at": shapes.iso(snapshot.captured_at),
        "source": snapshot.source,
        "video_id": post.video_id,
        "duration_seconds": post.duration_seconds,
    }


def _first(columns: list[str], rows: Iterator[dict[str, Any]]) -> str:
    """With a BOM, as spreadsheets like it, and CRLF."""
    return _BOM + _written(columns, columns, rows, csv.QUOTE_MINIMAL, "\r\n")


def _later(columns: list[str], rows: Iterator[dict[str, Any]]) -> str:
    """Without a BOM: other order, headings with spaces or dashes, everything quoted, LF."""
    turned = [*columns[5:], *columns[:5]]
    headings = [_heading(name, n) for n, name in enumerate(turned)]
    known = (
        {**row, "published_at": row["published_at"].replace("Z", "+00:00"), "hook": "n/a"}
        for row in rows
    )
    return _written([*turned, "hook"], [*headings, "Hook score"], known, csv.QUOTE_ALL, "\n")


def _heading(name: str, n: int) -> str:
    return name.replace("_", "-").upper() if n % 3 == 0 else name.replace("_", " ").title()


def _written(
    columns: list[str], headings: list[str], rows: Iterable[dict[str, Any]], quoting: Any, end: str
) -> str:
    sheet = StringIO(newline="")
    writer = csv.writer(sheet, quoting=quoting, lineterminator=end)
    writer.writerow(headings)
    writer.writerows([row[name] for name in columns] for row in rows)
    return sheet.getvalue()

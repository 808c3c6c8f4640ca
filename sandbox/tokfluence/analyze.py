"""POST /posts/analyze: bring videos into the index, or up to date."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from sandbox.answers import Answer, json_answer
from sandbox.tokfluence.call import Call
from sandbox.tokfluence.errors import missing_parameter
from sandbox.world.chance import DAY

MAX_URLS: Final = 50
CREDITS_PER_URL: Final = 25
_FRESH_FOR: Final = DAY
_VIDEO_URL: Final = re.compile(
    r"https?://(?:(?:www|m)\.)?tiktok\.com/@[^/?#\s]+/video/(\d{1,20})/?(?:[?#]\S*)?", re.ASCII
)


def submitted(body: Mapping[str, Any]) -> int:
    """How many URLs are billed: each one, duplicates and bad ones too."""
    urls = body.get("urls")
    return len(urls) if isinstance(urls, list) else 0


def analyze(call: Call) -> Answer:
    """Results are in the index a little later; the status of each URL is told at once."""
    urls = _urls(call.body)
    statuses = {url: _analyse(call, url) for url in dict.fromkeys(urls)}
    rows = [{"url": url, "postId": _post_id(url), "status": statuses[url]} for url in urls]
    meta = {"submitted": len(urls), "cost": CREDITS_PER_URL * len(urls)}
    return json_answer({"data": rows, "meta": meta})


def _urls(body: Mapping[str, Any]) -> list[str]:
    urls = body.get("urls")
    if not isinstance(urls, list) or not 1 <= len(urls) <= MAX_URLS:
        raise missing_parameter(f"urls must be a list of 1 to {MAX_URLS} URLs.")
    if not all(isinstance(url, str) for url in urls):
        raise missing_parameter("urls must be text.")
    return urls


def _post_id(url: str) -> str | None:
    match = _VIDEO_URL.fullmatch(url)
    return match[1] if match else None


def _analyse(call: Call, url: str) -> str:
    post_id = _post_id(url)
    video = call.index.videos.find(post_id, call.now) if post_id else None
    if video is None or call.index.is_gone(video, call.now):
        return "failed"
    known = call.index.find(video.id, call.now)
    recent = known is not None and call.now - known.analysed_at < _FRESH_FOR
    if recent and call.body.get("force") is not True:
        return "fresh"
    call.owner.when_refreshed(call.now, partial(call.index.analyse, video.id))
    return "queued" if call.later else "analyzed"

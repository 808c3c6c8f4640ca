"""Times as the later dialect writes them: with an offset, without a zone, or as milliseconds."""

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, Final

from sandbox.world.chance import digest

_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)
_VERBATIM: Final = "raw"
_AS_MILLISECONDS: Final = frozenset({"posted_at", "snapshot_at"})
_PARIS_SUMMER: Final = timezone(timedelta(hours=2))


def respelled(tree: Any, name: str = "") -> Any:
    """A JSON tree with every time in it written another way; `raw` is left alone."""
    if isinstance(tree, dict):
        return {
            key: value if key == _VERBATIM else respelled(value, key) for key, value in tree.items()
        }
    if isinstance(tree, list):
        return [respelled(item, name) for item in tree]
    return _moment(tree, name in _AS_MILLISECONDS) if _is_time(tree, name) else tree


def _is_time(value: Any, name: str) -> bool:
    """Whether this is a time of ours, and not a caption that looks like one."""
    timed = name.endswith("_at") or name in ("upload_date", "last_updated")
    return timed and isinstance(value, str) and _ISO.fullmatch(value) is not None


@lru_cache(maxsize=65_536)
def _moment(text: str, countable: bool) -> str | int:
    """The same moment always looks the same."""
    moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    luck = digest("moment", text)[0] % 4
    if luck == 0 and countable:
        return int(moment.timestamp()) * 1000
    if luck == 1:
        return moment.astimezone(_PARIS_SUMMER).isoformat()
    if luck == 2:
        return moment.isoformat(timespec="milliseconds")
    return moment.isoformat()

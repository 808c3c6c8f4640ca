"""The three daily lists of a summary as one row per day."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..landing.rows import first
from ..landing.values import Unusable, day

Row = dict[str, Any]

# Lists of `GET /analytics/summary`, and where a day's own entry stands in the merged row.
_BESIDES = {
    "_engagement": ("engagementSeries", "engagement_series"),
    "_heatmap": ("postingHeatmap", "posting_heatmap"),
}
_INTERACTIONS = ("interactionSeries", "interaction_series")


def merged_days(summary: Row) -> Iterator[Any]:
    """Per day the interactions, with the day's engagement and posting beside them. An entry whose
    day cannot be read comes by itself, to be rejected."""
    by_day: dict[Any, Row] = {}
    for entry in _entries(summary, *_INTERACTIONS):
        if (key := _day(entry)) is None:
            yield entry
        else:
            by_day[key] = dict(entry)
    for place, names in _BESIDES.items():
        for entry in _entries(summary, *names):
            if (key := _day(entry)) is None:
                yield entry
            else:
                by_day.setdefault(key, {"date": key.isoformat()})[place] = entry
    yield from by_day.values()


def _entries(summary: Row, *names: str) -> list[Any]:
    """The entries of a list of the summary; what is no list comes by itself, to be rejected."""
    entries = first(summary, *names)
    return entries if isinstance(entries, list) else [] if entries is None else [entries]


def _day(entry: Any) -> Any:
    try:
        return day(first(entry, "date", "day")) if isinstance(entry, dict) else None
    except Unusable:
        return None

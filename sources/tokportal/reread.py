"""How stored payloads of TokPortal are read again, where they are not simply the row."""

from __future__ import annotations

from typing import Any

from ..landing.reread import Reread
from .agency_tables import ACCOUNT_BANS, COMMENT_PULSE_SNAPSHOTS, VIDEO_EXPORT
from .bans_and_credits import flat
from .sheet import normalised
from .tables import ACCOUNT_SNAPSHOTS, POST_SNAPSHOTS

Row = dict[str, Any]


def _by_column(cells: Row) -> Row:
    """A row of the export, which is stored by heading."""
    return {normalised(heading): cell for heading, cell in cells.items() if cell != ""}


def _from_raw(row: Row) -> bool:
    """The figures are those of a raw snapshot; the payload is what the drilldown showed of it."""
    return row["snapshot_id"] is not None


REREAD = {
    ACCOUNT_BANS.name: Reread(flat),
    VIDEO_EXPORT.name: Reread(_by_column),
    # Samples are stored under our names, the payload under the provider's.
    COMMENT_PULSE_SNAPSHOTS.name: Reread(only_gaps=lambda row: True),
    ACCOUNT_SNAPSHOTS.name: Reread(only_gaps=_from_raw),
    POST_SNAPSHOTS.name: Reread(only_gaps=_from_raw),
}

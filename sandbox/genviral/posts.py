"""GET /analytics/summary/posts: the rows."""

from typing import Final

from sandbox.genviral import shapes
from sandbox.genviral.call import Call
from sandbox.genviral.envelope import Reply
from sandbox.genviral.ordering import cut, within
from sandbox.genviral.selection import chosen_page, chosen_targets, chosen_window

_SAME_TIES: Final = 4  # requests in a row that see equal times in one order


def list_posts(call: Call) -> Reply:
    """A page of rows, the number of all that match, and whether there are more."""
    page, window = chosen_page(call.query), chosen_window(call)
    targets = chosen_targets(call)
    rows = within(call.orders.rows(call.tracker, targets, call.now, page), window)
    # The order of ties is nowhere promised: in the later dialect it does not last.
    shown = cut(rows, page, call.number // _SAME_TIES if call.later else None)
    by_id = {target.id: target for target in targets}
    data = {
        "posts": [shapes.analytics_row(by_id[row.target_id], row) for row in shown],
        "totalCount": len(rows),
        "hasMore": page.offset + len(shown) < len(rows),
    }
    _insert_what_is_due(call, set(by_id))
    return Reply("Analytics posts retrieved", data)


def _insert_what_is_due(call: Call, target_ids: set[str]) -> None:
    """A test wants a post to appear between two pages."""
    for target_id in call.tracker.book.due_insertions(target_ids):
        call.tracker.insert_oldest(target_id, call.now)

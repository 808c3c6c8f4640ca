"""The comment pulse: a sample of comments on the top posts, with the provider's analysis of it.

GET /analytics/comments (developers.tokportal.com/analytics, "Comment Pulse"); full plan only. The
provider may fetch comments while it answers, so it is asked once a day and without parameters.
"""

from __future__ import annotations

from ..landing.batch import Batch
from ..landing.held import Held
from .agency_tables import COMMENT_PULSE_SNAPSHOTS as PULSE
from .client import TokPortalClient
from .owner_rows import OwnerReader, narrowed, offered
from .work import Work

_COMPARED = narrowed(PULSE)
_TOLD = ("comments", "analysis", "sampled_posts", "posts")


async def read_pulse(work: Work, client: TokPortalClient, rows: Batch, held: Held) -> None:
    """The pulse as a snapshot, when it differs from the newest that is held."""
    body = await offered(client.get_comment_pulse())
    now = work.now()
    newest = next(iter(held.whole(_COMPARED, newest=1).values()), None)
    stored = {(rows.tenant, now): newest} if newest else {}
    reader = OwnerReader(PULSE, rows, now, stored, _COMPARED)
    rest = {name: value for name, value in body.items() if name not in _TOLD}
    reader.put(body, {"tenant": rows.tenant, "fetched_at": now}, keep=rest)

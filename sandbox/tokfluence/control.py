"""What the control plane tells about Tokfluence: ids to ask for, and every credit spent."""

from dataclasses import asdict
from typing import Any, Final

from sandbox.owner import DEFAULT, Owner
from sandbox.state import State
from sandbox.tokfluence.campaigns import FOREIGN_ID
from sandbox.tokfluence.wallet import Wallet
from sandbox.view import utc

_A_FEW: Final = 5


def ledgers(state: State) -> dict[str, Any]:
    """The ledger of every owner, by label."""
    return {label: _ledger(one.tokfluence.wallet) for label, one in state.owners.items()}


def landmarks(state: State, tenant: str | None) -> dict[str, Any]:
    """What a test can ask an owner's key for."""
    owner, now = state.owners[tenant or DEFAULT], state.clock.now
    index = owner.tokfluence.index
    foreign = (entry.video.id for entry in index.all(now) if not entry.video.ours)
    return {
        "campaign_ids": [one.id for one in owner.tokfluence.campaigns()],
        "forbidden_campaign_id": FOREIGN_ID,
        "many_comments_post_id": index.videos.many_comments_id(),
        "foreign_post_ids": list(foreign)[:_A_FEW],
        "never_indexed": _never_indexed(owner, now),
    }


def _never_indexed(owner: Owner, now: int) -> list[dict[str, str]]:
    found = owner.tokfluence.index.never(now)[:_A_FEW]
    return [{"post_id": video.id, "url": video.url} for video in found]


def _ledger(wallet: Wallet) -> dict[str, Any]:
    rows = [{**asdict(booking), "at": utc(booking.at)} for booking in wallet.bookings]
    return {"balance": wallet.balance, "rows": rows}

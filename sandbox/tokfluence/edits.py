"""Changes a test makes to Tokfluence, by name."""

from collections.abc import Callable
from typing import Any, Final

from sandbox.owner import DEFAULT
from sandbox.state import State
from sandbox.tokfluence.subscription import Subscription

_MOST_COMMENTS: Final = 100_000

Edit = dict[str, Any]


def _forget(state: State, edit: Edit) -> None:
    subscription, post_id = _known(state, edit)
    subscription.index.forget(post_id, state.clock.now)


def _add_comments(state: State, edit: Edit) -> None:
    subscription, post_id = _known(state, edit)
    if not 0 < edit["n"] <= _MOST_COMMENTS:
        raise ValueError(f"n must be 1 to {_MOST_COMMENTS}")
    subscription.index.add_comments(post_id, edit["n"], state.clock.now)


def _set_credits(state: State, edit: Edit) -> None:
    _subscription(state, edit).wallet.balance = int(edit["n"])


OPS: Final[dict[str, Callable[[State, Edit], dict[str, Any] | None]]] = {
    "tokfluence_forget": _forget,
    "tokfluence_add_comments": _add_comments,
    "tokfluence_set_credits": _set_credits,
}


def _known(state: State, edit: Edit) -> tuple[Subscription, str]:
    """The subscription and the id of a video that is in its index."""
    subscription, post_id = _subscription(state, edit), edit["post_id"]
    if subscription.index.find(post_id, state.clock.now) is None:
        raise ValueError(f"no indexed post {post_id}")
    return subscription, post_id


def _subscription(state: State, edit: Edit) -> Subscription:
    return state.owners[edit.get("tenant", DEFAULT)].tokfluence

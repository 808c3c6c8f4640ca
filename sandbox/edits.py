"""Changes a test makes to the world, by name."""

from collections.abc import Callable
from typing import Any, Final

from sandbox.settings import TIERS, parse_clock
from sandbox.state import State
from sandbox.world.accounts import Account
from sandbox.world.chance import DAY

Edit = dict[str, Any]


def apply_edit(state: State, edit: Edit) -> dict[str, Any]:
    """Make one change; what was made is in the answer."""
    return _OPS[edit["op"]](state, edit) or {"op": edit["op"]}


def _delete_post(state: State, edit: Edit) -> None:
    _require_post(state, edit["id"])
    state.world.edits.delete_post(edit["id"], state.clock.now)


def _restore_post(state: State, edit: Edit) -> None:
    _require_post(state, edit["id"])
    state.world.edits.restore_post(edit["id"])


def _add_post(state: State, edit: Edit) -> dict[str, Any]:
    account = _account(state, edit["account_id"])
    return {"id": state.world.add_post(account, state.clock.now).id}


def _add_account(state: State, _: Edit) -> dict[str, Any]:
    return {"id": state.world.add_account(state.clock.now).id}


def _remove_account(state: State, edit: Edit) -> None:
    state.world.edits.remove_account(_account(state, edit["id"]).id)


def _restore_account(state: State, edit: Edit) -> None:
    state.world.edits.restore_account(edit["id"])


def _restate_day(state: State, edit: Edit) -> None:
    account = _account(state, edit["account_id"])
    day = parse_clock(edit["date"]) // DAY
    state.world.edits.restate_day(account.id, day, edit["factor"])


def _set_tier(state: State, edit: Edit) -> None:
    if edit["tier"] not in TIERS:
        raise ValueError(f"tier must be one of {', '.join(TIERS)}")
    _key(state, edit).tier = edit["tier"]


def _revoke_key(state: State, edit: Edit) -> None:
    _key(state, edit).revoked = True


def _accept_key(state: State, edit: Edit) -> None:
    _key(state, edit).revoked = False


_OPS: Final[dict[str, Callable[[State, Edit], dict[str, Any] | None]]] = {
    "delete_post": _delete_post,
    "restore_post": _restore_post,
    "add_post": _add_post,
    "add_account": _add_account,
    "remove_account": _remove_account,
    "restore_account": _restore_account,
    "restate_day": _restate_day,
    "set_tier": _set_tier,
    "revoke_key": _revoke_key,
    "accept_key": _accept_key,
}


def _account(state: State, account_id: str) -> Account:
    account = state.world.account(account_id)
    if account is None:
        raise ValueError(f"no account {account_id}")
    return account


def _require_post(state: State, post_id: str) -> None:
    if state.world.post(post_id, state.clock.now) is None:
        raise ValueError(f"no post {post_id}")


def _key(state: State, edit: Edit) -> Any:
    key = state.keys.known(edit["key"])
    if key is None:
        raise ValueError(f"no key {edit['key']}")
    return key

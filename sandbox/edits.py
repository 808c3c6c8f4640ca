"""Changes a test makes to the world, by name."""

from collections.abc import Callable
from typing import Any, Final

from sandbox.agency.bundles import find_bundle
from sandbox.genviral import edits as genviral
from sandbox.owner import DEFAULT
from sandbox.settings import TIERS, parse_clock
from sandbox.state import State
from sandbox.tokfluence import edits as tokfluence
from sandbox.world.accounts import Account
from sandbox.world.chance import DAY
from sandbox.world.world import World

Edit = dict[str, Any]


def apply_edit(state: State, edit: Edit) -> dict[str, Any]:
    """Make one change; what was made is in the answer."""
    return _OPS[edit["op"]](state, edit) or {"op": edit["op"]}


def _delete_post(state: State, edit: Edit) -> None:
    _world(state, edit).edits.delete_post(_post_id(state, edit), state.clock.now)


def _restore_post(state: State, edit: Edit) -> None:
    _world(state, edit).edits.restore_post(_post_id(state, edit))


def _add_post(state: State, edit: Edit) -> dict[str, Any]:
    account = _account(state, edit, "account_id")
    return {"id": _world(state, edit).add_post(account, state.clock.now).id}


def _add_account(state: State, edit: Edit) -> dict[str, Any]:
    return {"id": _world(state, edit).add_account(state.clock.now).id}


def _remove_account(state: State, edit: Edit) -> None:
    _world(state, edit).edits.remove_account(_account(state, edit, "id").id)


def _restore_account(state: State, edit: Edit) -> None:
    _world(state, edit).edits.restore_account(edit["id"])


def _remove_bundle(state: State, edit: Edit) -> None:
    if find_bundle(_world(state, edit), edit["id"], state.clock.now) is None:
        raise ValueError(f"no bundle {edit['id']}")
    _world(state, edit).edits.remove_bundle(edit["id"])


def _restore_bundle(state: State, edit: Edit) -> None:
    _world(state, edit).edits.restore_bundle(edit["id"])


def _delete_comment(state: State, edit: Edit) -> None:
    _world(state, edit).edits.delete_comment(edit["id"])


def _restate_day(state: State, edit: Edit) -> None:
    account = _account(state, edit, "account_id")
    day = parse_clock(edit["date"]) // DAY
    _world(state, edit).edits.restate_day(account.id, day, edit["factor"])


def _move_to_v2(state: State, edit: Edit) -> None:
    account, world = _account(state, edit, "account_id"), _world(state, edit)
    if not world.is_v1(account, state.clock.now):
        raise ValueError(f"account {account.id} is not on v1")
    world.edits.move_to_v2(account.id, state.clock.now)


def _keep_on_v1(state: State, edit: Edit) -> None:
    _world(state, edit).edits.keep_on_v1(_account(state, edit, "account_id").id)


def _use_refresh_quota(state: State, edit: Edit) -> None:
    owner = state.owners[edit.get("tenant", DEFAULT)]
    owner.refreshes.spend(edit["used"], state.clock.now)


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
    "remove_bundle": _remove_bundle,
    "restore_bundle": _restore_bundle,
    "delete_comment": _delete_comment,
    "restate_day": _restate_day,
    "move_to_v2": _move_to_v2,
    "keep_on_v1": _keep_on_v1,
    "use_refresh_quota": _use_refresh_quota,
    "set_tier": _set_tier,
    "revoke_key": _revoke_key,
    "accept_key": _accept_key,
    **genviral.OPS,
    **tokfluence.OPS,
}


def _world(state: State, edit: Edit) -> World:
    """The world of the edit's `tenant`."""
    return state.owners[edit.get("tenant", DEFAULT)].world


def _account(state: State, edit: Edit, name: str) -> Account:
    account = _world(state, edit).account(edit[name])
    if account is None:
        raise ValueError(f"no account {edit[name]}")
    return account


def _post_id(state: State, edit: Edit) -> str:
    post_id: str = edit["id"]
    world, now = _world(state, edit), state.clock.now
    place = world.post(post_id, now) or world.post_by_legacy_id(post_id, now)
    if place is None:
        raise ValueError(f"no post {post_id}")
    return place[1].id


def _key(state: State, edit: Edit) -> Any:
    rings = (ring.known(edit["key"]) for ring in state.keys.values())
    key = next(filter(None, rings), None)
    if key is None:
        raise ValueError(f"no key {edit['key']}")
    return key

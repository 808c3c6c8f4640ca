"""What a test changes in Genviral alone, by name."""

from collections.abc import Callable
from typing import Any, Final

from sandbox.genviral.book import Insertion
from sandbox.genviral.target import Target
from sandbox.genviral.tracker import Tracker
from sandbox.owner import DEFAULT
from sandbox.settings import parse_clock
from sandbox.state import State

Edit = dict[str, Any]


def _insert_post(state: State, edit: Edit) -> dict[str, Any]:
    now = state.clock.now
    published_at = parse_clock(edit["published_at"]) if "published_at" in edit else now - 60
    if published_at > now:
        raise ValueError("published_at must not be in the future")
    row = _tracker(state, edit).insert_post(_target(state, edit), now, published_at)
    return {"id": row.analytics_id}


def _insert_between(state: State, edit: Edit) -> None:
    planned = Insertion(_target(state, edit).id, edit["after_requests"])
    _tracker(state, edit).book.insertions.append(planned)


def _drop_post(state: State, edit: Edit) -> None:
    tracker, now = _tracker(state, edit), state.clock.now
    lists = (tracker.rows(target, now) for target in tracker.targets(now))
    if not any(row.analytics_id == edit["analytics_id"] for rows in lists for row in rows):
        raise ValueError(f"no post {edit['analytics_id']}")
    tracker.book.dropped.add(edit["analytics_id"])
    tracker.book.version += 1


def _delete_created(state: State, edit: Edit) -> None:
    tracker = _tracker(state, edit)
    if not any(one.id == edit["post_id"] for one in tracker.created_posts(state.clock.now)):
        raise ValueError(f"no created post {edit['post_id']}")
    tracker.book.deleted_created.add(edit["post_id"])
    tracker.book.version += 1


def _remove_target(state: State, edit: Edit) -> None:
    book = _tracker(state, edit).book
    book.removed.add(_target(state, edit).id)
    book.version += 1


def _restore_target(state: State, edit: Edit) -> None:
    book = _tracker(state, edit).book
    book.removed.discard(edit["target_id"])
    book.version += 1


def _rename_target(state: State, edit: Edit) -> None:
    target, book = _target(state, edit), _tracker(state, edit).book
    book.renamed[target.id] = f"@{edit['identifier'].removeprefix('@')}"
    book.version += 1


def _fail_refreshes(state: State, edit: Edit) -> None:
    _tracker(state, edit).book.failing = edit.get("times", 1)


def _set_credits(state: State, edit: Edit) -> None:
    _tracker(state, edit).book.credits = edit["n"]


OPS: Final[dict[str, Callable[[State, Edit], dict[str, Any] | None]]] = {
    "genviral_insert_post": _insert_post,
    "genviral_insert_between": _insert_between,
    "genviral_drop_post": _drop_post,
    "genviral_delete_created": _delete_created,
    "genviral_remove_target": _remove_target,
    "genviral_restore_target": _restore_target,
    "genviral_rename_target": _rename_target,
    "genviral_fail_refreshes": _fail_refreshes,
    "genviral_set_credits": _set_credits,
}


def _tracker(state: State, edit: Edit) -> Tracker:
    """Genviral of the edit's `tenant`."""
    return state.owners[edit.get("tenant", DEFAULT)].genviral


def _target(state: State, edit: Edit) -> Target:
    target = _tracker(state, edit).target(edit["target_id"], state.clock.now)
    if target is None:
        raise ValueError(f"no target {edit['target_id']}")
    return target

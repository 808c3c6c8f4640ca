"""Planting text in served JSON, also text that is not JSON: NaN, a repeated key, half an escape."""

from collections.abc import Iterator
from typing import Any

import orjson

Place = tuple[Any, Any]  # (list or object, index or name)


def apply(body: bytes, patches: list[dict[str, Any]]) -> bytes:
    """The body with each patch's raw `json` text at its dotted `pointer`, or the field dropped.

    Markers are put in the parsed body and replaced in its text, so the text may be anything.
    """
    tree = orjson.loads(body)
    for n, patch in enumerate(patches):
        for container, key in list(_places(tree, patch["pointer"].split("."))):
            if patch.get("drop"):
                del container[key]
            else:
                container[key] = _marker(n)
    text = orjson.dumps(tree)
    for n, patch in enumerate(patches):
        if not patch.get("drop"):
            text = text.replace(b'"%b"' % _marker(n).encode(), _raw(patch["json"]))
    return text


def row_lists(tree: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Where an answer holds rows: its top-level lists, or those right under `data`."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            if isinstance(value, list):
                yield tree, name
            elif name == "data":
                yield from row_lists(value)


def _places(tree: Any, steps: list[str]) -> Iterator[Place]:
    """Every place a pointer names; `*` is every item, the last name may be new."""
    step, rest = steps[0], steps[1:]
    for key in _keys(tree, step, new=not rest):
        if rest:
            yield from _places(tree[key], rest)
        else:
            yield tree, key


def _keys(tree: Any, step: str, *, new: bool) -> list[Any]:
    if isinstance(tree, list):
        if step == "*":
            return list(range(len(tree)))
        if not step.lstrip("-").isdigit():
            return []  # another dialect has an object here
        at = int(step)
        return [at] if -len(tree) <= at < len(tree) else []
    if not isinstance(tree, dict):
        return []
    if step == "*":
        return list(tree)
    return [step] if new or step in tree else []


def _marker(n: int) -> str:
    return f"@@sandbox-patch-{n}@@"


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")

"""Ids that carry their own address, so a post is found by id without generating every post.

An id is a UUID whose digits hide (account index, ordinal) under a keyed mask, followed by a
check that no guess passes. Without it a lookup by post id would need an index of the world.
"""

import re
from typing import Literal

from sandbox.world.chance import digest, shape_uuid

Kind = Literal["account", "post", "legacy"]

_UUID = re.compile(
    r"([0-9a-f]{8})-([0-9a-f]{4})-4([0-9a-f]{3})-a([0-9a-f]{3})-([0-9a-f]{12})", re.ASCII
)

_LEGACY = re.compile(
    r"va_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})", re.ASCII
)


def make_id(seed: int, kind: Kind, account: int, ordinal: int = 0) -> str:
    """The UUID of an account, or of the post with this ordinal within its account."""
    check = _check(seed, kind, account, ordinal)
    code = ((account << 32) | ordinal) ^ _mask(seed, check)
    return shape_uuid(f"{code:016x}{check}")


def read_id(seed: int, kind: Kind, text: str) -> tuple[int, int] | None:
    """(account index, ordinal) behind an id, or None when this world never issued it."""
    found = _UUID.fullmatch(text)
    if found is None:
        return None
    digits = "".join(found.groups())
    check = digits[16:]
    account, ordinal = divmod(int(digits[:16], 16) ^ _mask(seed, check), 2**32)
    return (account, ordinal) if check == _check(seed, kind, account, ordinal) else None


def make_legacy_id(seed: int, account: int, ordinal: int) -> str:
    """The older id of a post (va_…), which its UUID cannot be guessed from."""
    return f"va_{make_id(seed, 'legacy', account, ordinal).replace('-', '')}"


def read_legacy_id(seed: int, text: str) -> tuple[int, int] | None:
    """(account index, ordinal) behind a va_… id, or None."""
    found = _LEGACY.fullmatch(text)
    return read_id(seed, "legacy", "-".join(found.groups())) if found else None


def _check(seed: int, kind: Kind, account: int, ordinal: int) -> str:
    return digest(seed, kind, account, ordinal, size=7).hex()


def _mask(seed: int, check: str) -> int:
    return int.from_bytes(digest(seed, "mask", check, size=8), "big")

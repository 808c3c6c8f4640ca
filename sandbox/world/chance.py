"""Repeatable chance: every number is a function of the seed and a name, never of call order."""

from hashlib import blake2b
from random import Random

HOUR = 3_600
DAY = 86_400


def digest(*parts: object, size: int = 16) -> bytes:
    """Bytes that depend on nothing but the parts, on every machine and in every process."""
    return blake2b(":".join(map(str, parts)).encode(), digest_size=size).digest()


def unit(*parts: object) -> float:
    """A number in [0, 1) for this name."""
    return int.from_bytes(digest(*parts, size=8), "big") / 2**64


def dice(*parts: object) -> Random:
    """A generator of its own for this name: what one entity draws never shifts another."""
    return Random(":".join(map(str, parts)))


def uuid_of(*parts: object) -> str:
    """A UUID (shaped like version 4) for this name."""
    return shape_uuid(digest(*parts, size=15).hex())


def shape_uuid(digits: str) -> str:
    """30 hex digits in the layout of a version 4 UUID."""
    return f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-a{digits[15:18]}-{digits[18:]}"

"""Numbers in a provider's headers, which are text from outside."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")


def number(text: str | None) -> float | None:
    """A plain decimal number in ASCII digits; None for anything else.

    What Python's float() takes besides is no number here: inf, nan, 1e400, 1_000, other digits.
    """
    stripped = (text or "").strip(" \t")
    return float(stripped) if _NUMBER.fullmatch(stripped) else None

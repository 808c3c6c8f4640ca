"""How each provider measures anew: one module per provider, found by the provider's name."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import sources


def names() -> list[str]:
    """The providers that can be asked to measure anew."""
    here = Path(__file__).parent
    return [name for name in sources.names() if (here / f"{name}.py").exists()]


def get(name: str) -> Any:
    """A provider's module: `TAKES` (flags that not all know), `TIMEOUTS`, and `begin`."""
    return import_module(f"{__name__}.{name}")

"""Extract: one folder per provider. Providers are found on disk; there is nothing to register."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

_SHARED = {"http", "landing"}


def names() -> list[str]:
    """Every provider that has a folder here, in alphabetical order."""
    folders = (path.parent for path in Path(__file__).parent.glob("*/tables.py"))
    return sorted(folder.name for folder in folders if folder.name not in _SHARED)


def get(name: str) -> ModuleType:
    """The provider's package. Raises KeyError with the known names when there is none."""
    if name not in names():
        raise KeyError(f"no provider is called {name!r}; known: {', '.join(names())}")
    return import_module(f"sources.{name}")

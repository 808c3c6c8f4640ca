"""The title and the logo of whoever publishes the report: `[report]` in `.dlt/config.toml`."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..exits import usage
from ..settings import project_root

_MEDIA_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}
_MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Branding:
    """`logo` is a data URI, so that the page stays one file; empty: none."""

    title: str = ""
    logo: str = ""


def branding() -> Branding:
    """The settings `report.title` and `report.logo` (a file, relative to the project).

    Raises Stop (usage) for a logo that cannot be embedded.
    """
    import dlt

    title: Any = dlt.config.get("report.title")
    logo: Any = dlt.config.get("report.logo")
    return Branding(str(title or ""), _embedded(project_root() / str(logo)) if logo else "")


def _embedded(path: Path) -> str:
    remedy = "Correct report.logo in .dlt/config.toml."
    media_type = _MEDIA_TYPES.get(path.suffix.lower())
    if media_type is None:
        raise usage(f"the logo {path} is no {', '.join(_MEDIA_TYPES)} file", remedy)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise usage(f"the logo {path} cannot be read: {error.strerror}", remedy) from error
    if len(content) > _MOST_BYTES:
        raise usage(f"the logo {path} has more than {_MOST_BYTES:,} bytes", remedy)
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"

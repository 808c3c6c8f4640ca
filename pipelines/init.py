"""`social init`: a secrets file to fill in, readable by its owner only."""

from __future__ import annotations

import os

from .exits import usage
from .settings import project_root


def write_secrets_file() -> str:
    """Copy the example to .dlt/secrets.toml (mode 0600); an existing file is left alone."""
    folder = project_root() / ".dlt"
    example, secrets = folder / "example.secrets.toml", folder / "secrets.toml"
    if secrets.exists():
        return f"{secrets} is there already and was left alone. Next: `social check`."
    if not example.exists():
        raise usage(f"{example} is missing", "Run in a checkout of the project.")
    file = os.open(secrets, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "w") as handle:
        handle.write(example.read_text())
    return f"{secrets} is written (mode 0600). Put your keys in, then `social check`."

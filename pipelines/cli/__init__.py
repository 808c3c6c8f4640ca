"""The `social` command: parse, call, print, exit code. No logic.

Everything heavy (dlt, duckdb, rich tables) is imported by the command that needs it: --help is
read more often than anything else.
"""

from __future__ import annotations

import os

from .. import environment, signals, standard_streams

# ruff: noqa: I001  (the order of --help)
from . import start, sync, proof, privacy, clients, providers, answers, report
from .frame import app

__all__ = [
    "answers",
    "app",
    "clients",
    "main",
    "privacy",
    "proof",
    "providers",
    "report",
    "start",
    "sync",
]


def main() -> None:
    """Entry point of the `social` script."""
    os.umask(0o077)  # what is in the warehouse, its log and its copies is its owner's business
    standard_streams.protect()
    signals.heed_as_first_process()
    environment.enter()  # before flags are read: some come from variables
    try:
        app()
    finally:
        standard_streams.finish()

"""What a provider says it has, asked for `social verify --live`: counts, never rows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stated:
    """The provider counts so many rows of a table that are there now: of an account, or all
    (`account_id` None). `count` is None where it does not say."""

    table: str
    count: int | None
    account_id: str | None = None

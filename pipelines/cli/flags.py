"""The flags that several commands share, and how their texts are read."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from ..exits import usage

if TYPE_CHECKING:
    from sources.extraction.shards import Shard


class Target(StrEnum):
    duckdb = "duckdb"
    postgres = "postgres"


class LogFormat(StrEnum):
    auto = "auto"
    rich = "rich"
    plain = "plain"
    json = "json"


Select = Annotated[
    list[str] | None,
    typer.Option(
        "-s", "--select", help="Only these: `tokportal.comments,genviral`.", metavar="NAMES"
    ),
]
Exclude = Annotated[
    list[str] | None, typer.Option("-x", "--exclude", help="All but these.", metavar="NAMES")
]
Accounts = Annotated[str | None, typer.Option(help="Only these account ids, by comma.")]
AsJson = Annotated[bool, typer.Option("--json", help="The result as JSON on stdout.")]
Logs = Annotated[LogFormat, typer.Option("--log-format", help="How progress is told on stderr.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Only what is wrong.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="With tracebacks of bugs.")]
Wait = Annotated[str, typer.Option(help="How long to wait for another run's lock: 30s, 10m.")]
Where = Annotated[Target, typer.Option("--target", help="Which warehouse.")]
Sharded = Annotated[
    str | None,
    typer.Option(
        "--shard", help="This worker of several, from 0: 0/8. Postgres only.", metavar="I/S"
    ),
]
MaxRequests = Annotated[int | None, typer.Option(min=0, help="Send no more requests than this.")]
MaxCredits = Annotated[
    int | None, typer.Option(min=0, help="Spend no more credits than this, over all keys.")
]
DryRun = Annotated[
    bool, typer.Option("-n", "--dry-run", help="Only what it would ask; changes nothing.")
]
Mode = Annotated[
    str | None,
    typer.Option(
        help="Who may read it, as for chmod: 640 lets the group in. Else you alone.",
        metavar="OCTAL",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Agreed to beforehand.")]


def seconds(text: str) -> float:
    """30s, 10m, 24h, 2d or a plain number of seconds. Raises Stop (usage) otherwise."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd]?)", text.strip())
    if not match:
        raise usage(f"{text!r} is not a time span", "Write 30s, 10m, 24h or 2d.")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}[match[2]]


def file_mode(text: str | None) -> int | None:
    """`640` as a number. Raises Stop (usage) for a mode that lets others write."""
    if text is None:
        return None
    if not re.fullmatch(r"0?6[04]{2}", text.strip()):
        raise usage(f"{text!r} is no mode of a copy", "Write 600, 640, 604 or 644.")
    return int(text, 8)


def days(text: str) -> int:
    """30d or a plain number of days. Raises Stop (usage) otherwise."""
    match = re.fullmatch(r"([1-9]\d{0,4})d?", text.strip())
    if not match:
        raise usage(f"{text!r} is not a number of days", "Write 30d.")
    return int(match[1])


def shard_of(text: str | None) -> Shard | None:
    """`0/8`; None for all accounts, also as `0/1`. Raises Stop (usage) otherwise."""
    from sources.extraction.shards import Shard

    try:
        shard = Shard.parse(text) if text else None
    except ValueError as error:
        raise usage(str(error), "Write --shard 0/8 for the first of eight, up to 7/8.") from None
    return shard if shard and shard.count > 1 else None


def ids(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]

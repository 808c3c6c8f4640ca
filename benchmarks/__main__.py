"""`python -m benchmarks [--accounts 99 --posts 4876]`: a first, an idle and two next-day syncs.
`python -m benchmarks marts`: the marts, from nothing and in steps (benchmarks/marts.py).

The sandbox's rate is raised a hundredfold, so that the pipeline's own speed shows. Machines differ
and are noisy: requests are exact, seconds are of this machine, ratios hold.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sandbox.server import Settings, start

_DOCUMENTED_PER_MINUTE = 120
_DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Measured:
    """One sync: what it asked and wrote, its CPU seconds and its largest memory (MiB)."""

    name: str
    requests: int
    rows: int
    wall: float
    cpu: float
    memory: float


def main() -> None:
    """The benchmark that the first word names; without one, the syncs."""
    if sys.argv[1:2] == ["marts"]:
        from .marts import main as marts

        marts(sys.argv[2:])
    else:
        _syncs()


def _syncs() -> None:
    """Run the syncs and print them as a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--accounts", type=int, default=99)
    parser.add_argument("--posts", type=int, default=4876)
    said = parser.parse_args()
    world = Settings(port=0, accounts=said.accounts, posts=said.posts, rate=1_000_000)
    with start(world) as sandbox, tempfile.TemporaryDirectory() as folder:
        environment = _environment(sandbox, Path(folder))
        syncs = [_sync("first", environment), _sync("idle", environment)]
        _advance(sandbox.url)
        syncs.append(_sync("next day, raw lag 0", environment))
        _advance(sandbox.url)
        environment["SOURCES__TOKPORTAL__RAW_MAX_LAG_DAYS"] = "7"
        syncs.append(_sync("next day, raw lag 7", environment))
    _print(syncs, said.accounts)


def _environment(sandbox: Any, folder: Path) -> dict[str, str]:
    return os.environ | {
        "SOURCES__TOKPORTAL__API_KEY": sandbox.keys["tokportal"],
        "SOURCES__TOKPORTAL__BASE_URL": sandbox.base_urls["tokportal"],
        "SOURCES__TOKPORTAL__REQUESTS_PER_MINUTE": "1000000",
        "SOURCES__TOKPORTAL__RAW_MAX_LAG_DAYS": "0",
        "DESTINATION__DUCKDB__CREDENTIALS": str(folder / "warehouse.duckdb"),
    }


def _sync(name: str, environment: dict[str, str]) -> Measured:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "pipelines", "sync", "--no-transform", "--json", "--quiet"]
    ran = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = json.loads(ran.stdout)
    provider = result["providers"]["tokportal"]
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    rows = sum(provider["written"].values())
    return Measured(name, provider["requests"], rows, _wall(result), cpu, after.ru_maxrss / 1024)


def _wall(result: dict[str, Any]) -> float:
    started, finished = (datetime.fromisoformat(result[k]) for k in ("started_at", "finished_at"))
    return (finished - started).total_seconds()


def _advance(url: str) -> None:
    body = json.dumps({"advance_seconds": _DAY_SECONDS}).encode()
    urllib.request.urlopen(f"{url}/_sandbox/clock", body, timeout=30).read()


def _print(syncs: list[Measured], accounts: int) -> None:
    first = syncs[0]
    print(f"{'sync':<22}{'requests':>10}{'of first':>10}{'rows':>10}{'wall s':>9}{'cpu s':>8}"
          f"{'max MiB':>9}{'at 120/min':>12}")  # fmt: skip
    for sync in syncs:
        minutes = max(0.0, sync.requests / _DOCUMENTED_PER_MINUTE - 1)
        print(
            f"{sync.name:<22}{sync.requests:>10,}{sync.requests / first.requests:>10.3f}"
            f"{sync.rows:>10,}{sync.wall:>9.1f}{sync.cpu:>8.1f}{sync.memory:>9.0f}"
            f"{minutes:>8.1f} min"
        )
    print(
        f"\nAn idle sync of {accounts} accounts asked {syncs[1].requests - accounts} + N requests."
    )


if __name__ == "__main__":
    main()

"""A small load generator: plain sockets, so that the client is not what is measured."""

import asyncio
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Speed:
    """What a run measured. `per_cpu_second` counts only the server's own processor time."""

    per_second: float
    per_cpu_second: float
    bytes_per_answer: int


def measure(base_url: str, key: str, paths: list[str], pid: int, connections: int = 8) -> Speed:
    """Ask every path once, a few at a time, and require 200 for each."""
    before, started = cpu_seconds(pid), time.perf_counter()
    sizes = asyncio.run(_ask_all(base_url, key, paths, connections))
    elapsed, used = time.perf_counter() - started, cpu_seconds(pid) - before
    # Processor time is counted in hundredths of a second.
    return Speed(len(paths) / elapsed, len(paths) / max(used, 0.01), sum(sizes) // len(sizes))


async def _ask_all(base_url: str, key: str, paths: list[str], connections: int) -> list[int]:
    shares = [paths[n::connections] for n in range(connections)]
    done = await asyncio.gather(*(_ask(base_url, key, share) for share in shares))
    return [size for sizes in done for size in sizes]


async def _ask(base_url: str, key: str, paths: list[str]) -> list[int]:
    parts = urlsplit(base_url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=2**20)
    sizes = []
    for path in paths:
        request = f"GET {parts.path}{path} HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\n\r\n"
        writer.write(request.encode())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert head.startswith(b"http/1.1 200"), head
        size = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        await reader.readexactly(size)
        sizes.append(size)
    writer.close()
    return sizes


def cpu_seconds(pid: int) -> float:
    """User and system time of a process; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print what this machine measures, warm and cold."""
    from sandbox.server import Settings, start

    with start(Settings(rate=10_000_000)) as sandbox:
        base, key = sandbox.base_urls["tokportal"], sandbox.keys["tokportal"]
        import httpx

        truth = f"{sandbox.url}/_sandbox/truth"
        accounts = [row["account_id"] for row in httpx.get(f"{truth}/account_snapshots").json()]
        accounts = list(dict.fromkeys(accounts))
        posts = [row["tracked_post_id"] for row in httpx.get(f"{truth}/tracked_posts").json()]
        page = f"/accounts/{accounts[0]}/analytics/videos?per_page=100"
        runs = {
            "100-row page, warm": [page] * 5_000,
            "100-row page, each for the first time": [f"{page}&x={n}" for n in range(1_000)],
            "drilldown, cold": [f"/analytics/accounts/{one}" for one in accounts],
            "drilldown, warm": [f"/analytics/accounts/{one}" for one in accounts] * 20,
            "post raw, cold": [f"/analytics/posts/{one}/raw?limit=30" for one in posts],
            "/me": ["/me"] * 5_000,
        }
        for name, paths in runs.items():
            print(f"{name}: {measure(base, key, paths, sandbox.pid)}", file=sys.stdout)


if __name__ == "__main__":
    main()

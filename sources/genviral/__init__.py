"""Genviral analytics as a dlt source.

Tables: targets, target_snapshots, posts, post_snapshots, daily_series, accounts, published_posts,
published_post_accounts, subscription_snapshots, and the sync_* ledgers. Grain, key and columns of
each stand in `tables.py`, endpoints and costs in README.md.

    pipeline = dlt.pipeline("genviral", destination="duckdb", dataset_name="genviral")
    pipeline.run(genviral(), loader_file_format="parquet")

Cursors are kept per target and stream in dlt state. `social sync` runs the same source batch by
batch (pipelines/sync.py), so that a kill costs one batch instead of the run.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import dlt
from dlt.extract import DltResource

from ..batched import ALL_AT_ONCE, resources
from ..extraction.shards import Shard, rate_of_key
from ..http.auth import HeaderAuth
from ..http.budget import Budget
from ..http.client import Connection, HttpClient
from ..http.errors import NotFound
from ..http.redaction import fingerprint
from ..landing.rows import first
from .backfill import GenviralBackfill
from .client import GenviralClient
from .options import Options
from .run import GenviralRun
from .scope import Scope
from .stated import stated
from .tables import DATA_TABLES, OPTIONAL_STREAMS, STREAMS, TABLES, TARGETS

__all__ = [
    "DATA_TABLES",
    "LISTING",
    "OPTIONAL_STREAMS",
    "STREAMS",
    "TABLES",
    "Backfill",
    "GenviralClient",
    "Options",
    "Run",
    "Scope",
    "connect",
    "describe_access",
    "genviral",
    "source",
    "stated",
]

Run = GenviralRun
Backfill = GenviralBackfill
LISTING = TARGETS  # what the ledgers call an account is a row of this
BASE_URL = "https://www.genviral.io/api/partner/v1"
REQUESTS_PER_MINUTE = 60.0  # no number is published


def connect(
    api_key: str,
    base_url: str = BASE_URL,
    *,
    requests_per_minute: float | None = None,
    concurrency: int = 16,
    reread: Callable[[], str | None] | None = None,
    budget: Budget | None = None,
    shard: Shard | None = None,
) -> Connection:
    """A connection for one key. `reread` gives the key as it is now, should it be refused; `budget`
    is the run's; a shard has its share of the rate.

    Raises EgressRefused when base_url is not one that a key may be sent to.
    """
    name = f"genviral-{fingerprint(f'{base_url} {api_key}')}"
    rate = rate_of_key(name, requests_per_minute, REQUESTS_PER_MINUTE, shard)
    return Connection(
        provider="genviral",
        base_url=base_url,
        auth=HeaderAuth("Authorization", api_key, prefix="Bearer ", reread=reread),
        rate=rate,
        concurrency=concurrency,
        budget=budget or Budget(),
    )


@dlt.source(name="genviral", max_table_nesting=0)
def source(run: GenviralRun) -> Iterator[DltResource]:
    """The next batch of a run, as dlt resources."""
    return resources(run)


@dlt.source(name="genviral", max_table_nesting=0)
def genviral(
    api_key: str = dlt.secrets.value,
    base_url: str = BASE_URL,
    requests_per_minute: float | None = None,
    concurrency: int = 16,
) -> Any:
    """Everything the key may see, in one load; for use from a dlt pipeline of your own.

    What the warehouse holds is not compared here (only `social sync` opens it): every row is merged
    by key.
    """
    connection = connect(
        api_key, base_url, requests_per_minute=requests_per_minute, concurrency=concurrency
    )
    return resources(GenviralRun(Scope(connection, str(uuid.uuid4())), limits=ALL_AT_ONCE))


async def describe_access(http: HttpClient) -> str:
    """What the key may see, in a few words, for `social check`. Raises ProviderError."""
    client = GenviralClient(http)
    count = (await client.list_targets()).found
    try:
        tier = first(await client.get_subscription(), "subscription.tier", "tier")
    except NotFound:
        tier = None
    return f"{count} targets, tier {tier or 'unknown'}"

"""TokPortal analytics as a dlt source.

Tables: accounts, account_snapshots, tracked_posts, post_snapshots, daily_series,
account_raw_snapshots, post_raw_snapshots, comments, demographics, portfolio_snapshots, contracts;
post_marks (what is known of each post's histories) and the sync_* ledgers. Grain, key and columns
of each stand in `tables.py`, endpoints and costs in README.md.

    pipeline = dlt.pipeline("tokportal", destination="duckdb", dataset_name="tokportal")
    pipeline.run(tokportal(), loader_file_format="parquet")

Cursors are kept per account and stream in dlt state. `social sync` runs the same source batch by
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
from ..http.errors import NotFound, NotInPlan
from ..http.redaction import fingerprint
from ..landing.rows import first
from .attribution import POST_REFERENCES
from .backfill import TokPortalBackfill
from .client import CODES, TokPortalClient
from .clients import parse_clients
from .options import Options
from .reread import REREAD
from .run import TokPortalRun
from .scope import Scope
from .stated import stated
from .tables import (
    ACCOUNTS,
    ALIASES,
    DATA_TABLES,
    DERIVED,
    OPTIONAL_STREAMS,
    STREAMS,
    TABLES,
    UNTRACED_STREAMS,
)

__all__ = [
    "ALIASES",
    "DATA_TABLES",
    "DERIVED",
    "LISTING",
    "OPTIONAL_STREAMS",
    "POST_REFERENCES",
    "REREAD",
    "STREAMS",
    "TABLES",
    "UNTRACED_STREAMS",
    "Backfill",
    "Options",
    "Run",
    "Scope",
    "TokPortalClient",
    "connect",
    "describe_access",
    "parse_clients",
    "source",
    "stated",
    "tokportal",
]

Run = TokPortalRun
Backfill = TokPortalBackfill
LISTING = ACCOUNTS  # what the ledgers call an account is a row of this
BASE_URL = "https://app.tokportal.com/api/ext"
REQUESTS_PER_MINUTE = 120.0  # per key; the provider's own headers correct it


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
    name = f"tokportal-{fingerprint(f'{base_url} {api_key}')}"
    rate = rate_of_key(name, requests_per_minute, REQUESTS_PER_MINUTE, shard)
    return Connection(
        provider="tokportal",
        base_url=base_url,
        auth=HeaderAuth("X-API-Key", api_key, reread=reread),
        rate=rate,
        concurrency=concurrency,
        codes=CODES,
        budget=budget or Budget(),
    )


@dlt.source(name="tokportal", max_table_nesting=0)
def source(run: TokPortalRun) -> Iterator[DltResource]:
    """The next batch of a run, as dlt resources."""
    return resources(run)


@dlt.source(name="tokportal", max_table_nesting=0)
def tokportal(
    api_key: str = dlt.secrets.value,
    base_url: str = BASE_URL,
    requests_per_minute: float | None = None,
    concurrency: int = 16,
    raw_max_lag_days: float = 7.0,
    lookback_days: int = 7,
) -> Any:
    """Everything the key may see, in one load; for use from a dlt pipeline of your own.

    What the warehouse holds is not compared here (only `social sync` opens it), so each run asks
    the histories of all posts again and merges them by key.
    """
    connection = connect(
        api_key, base_url, requests_per_minute=requests_per_minute, concurrency=concurrency
    )
    options = Options(raw_max_lag_days=raw_max_lag_days, lookback_days=lookback_days)
    scope = Scope(connection, str(uuid.uuid4()), options=options)
    return resources(TokPortalRun(scope, limits=ALL_AT_ONCE, derived=DERIVED))


async def describe_access(http: HttpClient) -> str:
    """What the key may see, in a few words, for `social check`. Raises ProviderError."""
    client = TokPortalClient(http)
    await client.get_me()
    try:
        contract = await client.get_contract()
    except (NotInPlan, NotFound):
        return "plan unknown"
    level = first(contract, "access.level", "accessLevel") or "unknown"
    return f"access level {level}, contract {first(contract, 'version') or 'unknown'}"

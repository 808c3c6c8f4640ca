"""Tokfluence's index of TikTok videos as a dlt source.

Tables: posts, post_snapshots, comments, campaigns, campaign_posts, campaign_creators,
campaign_metrics, creators; missing_posts and post_marks (what need not be asked), credit_ledger and
the sync_* ledgers. Grain, key and columns of each stand in `tables.py`, endpoints and prices in
README.md.

    pipeline = dlt.pipeline("tokfluence", destination="duckdb", dataset_name="tokfluence")
    pipeline.run(tokfluence(campaign_ids=[4711]), loader_file_format="parquet")

Every request costs credits. `social sync` runs the same source batch by batch and knows from the
warehouse what it need not ask again.
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
from ..http.budget import Budget, Wallet
from ..http.client import Connection, HttpClient
from ..http.redaction import fingerprint
from .client import CODES, TokfluenceClient
from .options import Options, Several
from .reread import REREAD
from .run import TokfluenceRun
from .scope import Scope
from .tables import DATA_TABLES, OPTIONAL_STREAMS, STREAMS, TABLES

__all__ = [
    "DATA_TABLES",
    "FOLLOWS_OTHERS",
    "OPTIONAL_STREAMS",
    "REREAD",
    "STREAMS",
    "TABLES",
    "Options",
    "Run",
    "Scope",
    "TokfluenceClient",
    "connect",
    "describe_access",
    "source",
    "tokfluence",
]

Run = TokfluenceRun
FOLLOWS_OTHERS = True  # `posts_from`: synced after the providers whose posts it may follow
BASE_URL = "https://developers.tokfluence.com/v1"
REQUESTS_PER_MINUTE = 600.0  # per address that asks; a key alone may do twice that


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
    is the run's. Of several shards the first one alone asks, at the whole rate.

    Raises EgressRefused when base_url is not one that a key may be sent to.
    """
    name = f"tokfluence-{fingerprint(base_url)}"  # all keys of this machine share it
    rate = rate_of_key(name, requests_per_minute, REQUESTS_PER_MINUTE, None)
    return Connection(
        provider="tokfluence",
        base_url=base_url,
        auth=HeaderAuth("Authorization", api_key, prefix="Bearer ", reread=reread),
        rate=rate,
        concurrency=concurrency,
        codes=CODES,
        budget=budget or Budget(),
        wallet=Wallet(refunded_statuses=frozenset({502})),
    )


@dlt.source(name="tokfluence", max_table_nesting=0)
def source(run: TokfluenceRun) -> Iterator[DltResource]:
    """The next batch of a run, as dlt resources."""
    return resources(run)


@dlt.source(name="tokfluence", max_table_nesting=0)
def tokfluence(
    api_key: str = dlt.secrets.value,
    base_url: str = BASE_URL,
    requests_per_minute: float | None = None,
    concurrency: int = 16,
    post_ids: Several = "",
    post_urls: Several = "",
    campaign_ids: Several = "",
    creators: Several = "",
    max_credits: int = 5000,
    credits_floor: int = 0,
) -> Any:
    """The named posts, campaigns and creators in one load; for a dlt pipeline of your own.

    What the warehouse holds is not compared here (only `social sync` opens it): each run pays for
    every post, and for its comments, again.
    """
    connection = connect(
        api_key, base_url, requests_per_minute=requests_per_minute, concurrency=concurrency
    )
    options = Options(
        post_ids=post_ids,
        post_urls=post_urls,
        campaign_ids=campaign_ids,
        creators=creators,
        max_credits=max_credits,
        credits_floor=credits_floor,
    )
    scope = Scope(connection, str(uuid.uuid4()), options=options)
    return resources(TokfluenceRun(scope, limits=ALL_AT_ONCE))


async def describe_access(http: HttpClient) -> str:
    """What the key may spend, in a few words, for `social check`; asked without spending. Raises
    ProviderError."""
    balance = await TokfluenceClient(http).look()
    return "credits unknown" if balance is None else f"{balance:,} credits left"

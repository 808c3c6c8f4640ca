"""`social verify --live`: the providers' totals, asked again, against the rows that are there.

A few requests, and with --each one per account. What costs credits is not asked: Tokfluence never.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import sources
from sources.extraction.stated import Stated
from sources.http.client import Connection, HttpClient
from sources.http.errors import CredentialsRefused, ProviderError

from ..destinations import Warehouse
from ..exits import Exit, Stop
from ..refresh import connection_of
from ..settings import ProviderSettings, provider_settings
from .findings import Finding

_REMEDY = (
    "`social sync`, then this again: what the provider got since is no damage. If it stays,"
    " `social sync --full-refresh`."
)


def compare(warehouse: Warehouse, *, each: bool) -> Iterator[tuple[list[Finding], int]]:
    """Per key that is configured: what differs, and the requests it took. Raises Stop."""
    for provider in sources.names():
        settings, source = provider_settings(provider), sources.get(provider)
        listing: Any = getattr(source, "LISTING", None)
        if not hasattr(source, "stated") or listing.name not in warehouse.tables(provider):
            continue
        for tenant in settings.keys:
            accounts = _accounts(warehouse, provider, tenant) if each else []
            connection = connection_of(settings, tenant)
            said = _asked(settings, tenant, connection, accounts)
            yield list(_lacking(warehouse, provider, tenant, said)), connection.traffic.requests


def _accounts(warehouse: Warehouse, provider: str, tenant: str) -> list[str]:
    listing = sources.get(provider).LISTING
    sql = (
        f'select "{listing.account}" from "{provider}"."{listing.name}"'
        " where tenant = ? and removed_at is null order by 1"
    )
    return [account_id for (account_id,) in warehouse.query(sql, [tenant])]


def _asked(
    settings: ProviderSettings, tenant: str, connection: Connection, accounts: list[str]
) -> list[Stated]:
    source: Any = sources.get(settings.name)
    options = source.Options(**settings.options | settings.key_options.get(tenant, {}))

    async def ask() -> list[Stated]:
        async with HttpClient(connection) as http:
            found: list[Stated] = await source.stated(http, options, accounts)
        return found

    try:
        return asyncio.run(ask())
    except CredentialsRefused as error:
        raise Stop(Exit.CREDENTIALS, error.message, error.remedy) from error
    except ProviderError as error:
        raise Stop(Exit.TRY_LATER, error.message, error.remedy) from error


def _lacking(
    warehouse: Warehouse, provider: str, tenant: str, said: list[Stated]
) -> Iterator[Finding]:
    """One finding per table whose count is not what the provider says, of all or of an account."""
    differ: dict[str, list[str]] = {}
    for one in said:
        held = _held(warehouse, provider, tenant, one)
        if one.count is not None and held != one.count:
            whose = f"{one.account_id}: " if one.account_id else ""
            differ.setdefault(one.table, []).append(f"{whose}{held:,} of {one.count:,}")
    for table, cases in differ.items():
        rule = f"{table} has as many rows as the provider says now"
        yield Finding(provider, rule, table, len(cases), cases[:5], _REMEDY)


def _held(warehouse: Warehouse, provider: str, tenant: str, one: Stated) -> int:
    """Rows that are there, of accounts that are."""
    listing = sources.get(provider).LISTING
    sql = f'select count(*) from "{provider}"."{one.table}" t where t.tenant = ?'
    values = [tenant]
    sql += " and t.removed_at is null"
    if one.table != listing.name:
        sql += (
            f' and exists (select 1 from "{provider}"."{listing.name}" a where a.tenant = t.tenant'
            f' and a."{listing.account}" = t."{listing.account}" and a.removed_at is null)'
        )
    if one.account_id is not None:
        sql, values = f'{sql} and t."{listing.account}" = ?', [*values, one.account_id]
    return int(warehouse.query(sql, values)[0][0])

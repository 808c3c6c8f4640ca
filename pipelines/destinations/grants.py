"""Who may do what on Postgres: the script that sets it up, and what of it is missing.

The loader owns the schemas that it fills and may not make others; the BI role sees marts alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sources.extraction.shards import Shard

from .fence import SCHEMA as WORKERS
from .warehouse import Warehouse

LOADER, READER, MARTS = "social_loader", "bi_reader", "marts"
MARTS_LEDGER = "transform"  # from which loads the marts were built


def script(providers: Iterable[str], shards: int = 1) -> str:
    """The script, for the owner of the database to run once; running it again changes nothing."""
    schemas = [*_schemas(providers, shards), MARTS_LEDGER, MARTS]
    return "\n".join(
        [
            "-- Run as owner of the database, then give both roles a password:"
            f" alter role {LOADER} password '...'.",
            *(_role(name) for name in (LOADER, READER)),
            f"grant {LOADER} to current_user;",
            *(f'create schema if not exists "{s}" authorization {LOADER};' for s in schemas),
            _on_database("revoke create on database %I from public"),
            _on_database(f"grant connect on database %I to {LOADER}, {READER}"),
            f"grant usage on schema {MARTS} to {READER};",
            f"grant select on all tables in schema {MARTS} to {READER};",
            f"alter default privileges for role {LOADER} in schema {MARTS}"
            f" grant select on tables to {READER};",
            f"alter role {READER} set default_transaction_read_only = on;",
            f"alter role {READER} set statement_timeout = '60s';",  # a dashboard waits no longer
            f"alter role {READER} set timezone = 'UTC';",  # days are days of UTC
            f"alter role {READER} set search_path = {MARTS};",
        ]
    )


def _schemas(providers: Iterable[str], shards: int) -> Iterator[str]:
    yield WORKERS
    for name in providers:
        yield name
        if shards == 1:
            yield f"{name}_staging"
        else:
            yield from (f"{name}_staging_{index}" for index in range(shards))


def _role(name: str) -> str:
    rights = "login nosuperuser nocreatedb nocreaterole noreplication nobypassrls"
    return (
        f"do $$ begin create role {name} {rights};"
        " exception when duplicate_object then null; end $$;"
    )


def _on_database(statement: str) -> str:
    return f"do $$ begin execute format('{statement}', current_database()); end $$;"


def missing(warehouse: Warehouse, shard: Shard, providers: Iterable[str]) -> list[str]:
    """The statements that the owner of the database must run before a sync of this shard can."""
    role, may_create = _may(warehouse)
    return [
        statement
        for schema in _of_shard(providers, shard)
        for statement in _missing_on(warehouse, schema, role, may_create)
    ]


def missing_for_marts(warehouse: Warehouse) -> list[str]:
    """The statements that the owner of the database must run before a transform can."""
    role, may_create = _may(warehouse)
    return [
        statement
        for schema in (MARTS_LEDGER, MARTS)
        for statement in _missing_on(warehouse, schema, role, may_create)
    ]


def missing_for_reader(warehouse: Warehouse) -> list[str] | None:
    """The statements after which BI can read the marts that are there, and those that the next
    build makes; None where there is no role for it. The owner of the marts may run them."""
    if not warehouse.query("select 1 from pg_roles where rolname = ?", [READER]):
        return None
    if not warehouse.query("select 1 from pg_namespace where nspname = ?", [MARTS]):
        return []  # said by missing_for_marts
    return list(_missing_on_marts(warehouse))


def _missing_on_marts(warehouse: Warehouse) -> Iterator[str]:
    if not warehouse.query("select has_schema_privilege(?, ?, 'usage')", [READER, MARTS])[0][0]:
        yield f"grant usage on schema {MARTS} to {READER};"
    unreadable = (
        "select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = ? and c.relkind in ('r', 'p', 'v', 'm')"
        " and not has_table_privilege(?, c.oid, 'select') limit 1"
    )
    if warehouse.query(unreadable, [MARTS, READER]):
        yield f"grant select on all tables in schema {MARTS} to {READER};"
    builder = "quote_ident(coalesce((select tableowner from pg_tables where schemaname = ?"
    builder += " limit 1), current_user))"  # who made the last marts makes the next
    by_default = (
        "select 1 from pg_default_acl d, aclexplode(d.defaclacl) a"
        " where d.defaclnamespace = ?::regnamespace and d.defaclobjtype = 'r'"
        f" and quote_ident(pg_get_userbyid(d.defaclrole)) = {builder}"
        " and pg_get_userbyid(a.grantee) = ? and a.privilege_type = 'SELECT'"
    )
    if not warehouse.query(by_default, [MARTS, MARTS, READER]):
        ((role,),) = warehouse.query(f"select {builder}", [MARTS])
        yield (
            f"alter default privileges for role {role} in schema {MARTS}"
            f" grant select on tables to {READER};"
        )


def _may(warehouse: Warehouse) -> tuple[str, bool]:
    """The role, and whether it may make schemas."""
    sql = "select quote_ident(current_user), has_database_privilege(current_database(), 'create')"
    role, may_create = warehouse.query(sql)[0]
    return role, may_create


def _of_shard(providers: Iterable[str], shard: Shard) -> Iterator[str]:
    yield WORKERS
    staging = "staging" if shard.count == 1 else f"staging_{shard.index}"
    for name in providers:
        yield from (name, f"{name}_{staging}")


def _missing_on(warehouse: Warehouse, schema: str, role: str, may_create: bool) -> Iterator[str]:
    there = warehouse.query("select 1 from pg_namespace where nspname = ?", [schema])
    if not there:
        if not may_create:
            yield f'create schema "{schema}" authorization {role};'
        return
    rights = "has_schema_privilege(?, 'create') and has_schema_privilege(?, 'usage')"
    if not warehouse.query(f"select {rights}", [schema, schema])[0][0]:
        yield f'grant usage, create on schema "{schema}" to {role};'
    yield from _missing_on_tables(warehouse, schema, role)


def _missing_on_tables(warehouse: Warehouse, schema: str, role: str) -> Iterator[str]:
    needed = ("select", "insert", "update", "delete", "truncate")
    lacks = " or ".join(f"not has_table_privilege(c.oid, '{right}')" for right in needed)
    sql = (
        f"select quote_ident(c.relname), pg_has_role(c.relowner, 'usage'), {lacks}"
        " from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = ? and c.relkind in ('r', 'p') order by 1"
    )
    tables = warehouse.query(sql, [schema])
    for name, owned, _ in tables:
        if not owned:  # only an owner may comment, index and add columns
            yield f'alter table "{schema}".{name} owner to {role};'
    if any(lacking for _, owned, lacking in tables if owned):
        yield f'grant {", ".join(needed)} on all tables in schema "{schema}" to {role};'

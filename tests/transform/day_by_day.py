"""Marts that are read after each day's sync, to compare what they said then with what they say in
the end."""

from collections import defaultdict

KEYS = {
    "fct_account_day": ("account_key", "day"),
    "fct_post_day": ("post_key", "day"),
    "mart_campaign_day": ("campaign_key", "platform", "day"),
    "mart_share_of_voice": ("provider", "platform", "day", "group_type", "group_value"),
    "mart_client_period": ("period", "period_start", "client", "campaign", "provider", "platform"),
}
# Which reading brought a row is no figure: the same capture may be read again.
NO_FIGURES = {"fetched_at", "load_id", "newest_load_id", "observations", "reported_at"}
SIX_DIGITS = 1e-6  # floats that are added up in another order


def read_marts(marts):
    """Rows of every mart by day, by their key."""
    return {table: read_mart(marts, table, key) for table, key in KEYS.items()}


def read_mart(marts, table, key):
    named = (
        "select column_name from information_schema.columns where table_schema = 'marts'"
        f" and table_name = '{table}' order by 1"
    )
    names = [name for (name,) in marts.query(named) if name not in NO_FIGURES]
    rows = [
        dict(zip(names, row, strict=True))
        for row in marts.query(f"select {', '.join(names)} from {table}")
    ]
    return {tuple(row[name] for name in key): row for row in rows}


def changed_cells(readings):
    """Settled cells that the last reading has otherwise, as (reading, table, key, column, then,
    now)."""
    *earlier, last = readings
    return [
        (number, table, key, column, value, last[table].get(key, {}).get(column, "gone"))
        for number, reading in enumerate(earlier)
        for table, rows in reading.items()
        for key, row in rows.items()
        if row["is_settled"]
        for column, value in row.items()
        if differs(value, last[table].get(key, {}).get(column, "gone"))
    ]


def differs(this, that):
    if isinstance(this, float) and isinstance(that, float):
        return abs(this - that) > SIX_DIGITS * max(1.0, abs(this), abs(that))
    return this != that


def settled_to(reading, table, provider, entity):
    """The newest settled day of each account or post of a provider."""
    days = defaultdict(list)
    for row in reading[table].values():
        if row["provider"] == provider and row["is_settled"]:
            days[row[entity]].append(row["day"])
    return {key: max(found) for key, found in days.items()}


def oldest_unsettled(reading, table, provider, today):
    """The age in days of the oldest row that is not settled."""
    ages = [
        (today - row["day"]).days
        for row in reading[table].values()
        if row["provider"] == provider and not row["is_settled"]
    ]
    return max(ages, default=0)

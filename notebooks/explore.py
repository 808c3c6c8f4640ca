"""The marts in a notebook: `pip install -e '.[explore]'`, then `marimo edit notebooks/explore.py`.

It reads DuckDB only, the published copy by itself (SOCIAL_EXPLORE names another file), so no sync
is in its way. `python notebooks/explore.py` runs it from top to bottom and prints nothing.
"""

import marimo

app = marimo.App(width="medium", app_title="Social accounts")


@app.cell
def _():
    import os
    from pathlib import Path

    import altair as alt
    import duckdb
    import marimo as mo
    import questions

    return Path, alt, duckdb, mo, os, questions


@app.cell
def _(Path, duckdb, mo, os):
    place = Path(os.environ.get("SOCIAL_EXPLORE", "data/published.duckdb"))
    mo.stop(not place.exists(), mo.md(f"There is no `{place}`: run `social publish`."))
    marts = duckdb.connect(str(place), read_only=True)
    marts.execute("set timezone = 'UTC'")
    return (marts,)


@app.cell
def _(marts, questions):
    def ask(name, **values):
        return marts.sql(questions.SQL[name], params=values or None).to_arrow_table()

    return (ask,)


@app.cell
def _(ask, mo):
    _found = ask("providers").to_pylist()
    provider = mo.ui.dropdown(
        [row["provider"] for row in _found], value=_found[0]["provider"], label="Provider"
    )
    days = mo.ui.slider(7, 365, value=90, label="Days")
    mo.vstack([mo.md("# Social accounts\nOne provider at a time: a video may be in all three."),
               mo.hstack([provider, days])])  # fmt: skip
    return days, provider


@app.cell
def _(alt, ask, days, provider):
    _gained = ask("gained_by_day", provider=provider.value, days=days.value)
    alt.Chart(_gained, title="Views gained a day").mark_bar().encode(
        x="day:T", y="views_gained:Q", color="platform:N", tooltip=["day:T", "views_gained:Q"]
    )
    return


@app.cell
def _(ask, mo, provider):
    mo.ui.table(ask("top_posts", provider=provider.value), label="Top posts of 28 days")
    return


@app.cell
def _(alt, ask, provider):
    _curve = ask("age_curve", provider=provider.value)
    alt.Chart(_curve, title="Views by a post's age in days (median over weeks)").mark_line().encode(
        x="age_day:Q", y="views:Q", color="platform:N"
    )
    return


@app.cell
def _(alt, ask, provider):
    _times = ask("posting_times", provider=provider.value)
    alt.Chart(
        _times, title="Views at 3 days against the account's median (UTC)"
    ).mark_rect().encode(
        x="hour:O", y="weekday:O", color=alt.Color("against_median:Q").scale(domainMid=1)
    )
    return


@app.cell
def _(ask, mo):
    mo.ui.table(ask("freshness"), label="How fresh it is")
    return


if __name__ == "__main__":
    app.run()

"""How many views did a client gain last week and month, per platform, against the period before, by
which posts, and is it complete? The query of transform/README.md against figures made on paper."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import golden_world
import pytest
from golden_world import put

README = Path(__file__).resolve().parents[2] / "transform" / "README.md"
LAST_DAY = date(2026, 6, 30)
RULE = {"client": "acme", "campaign": "spring", "pattern": "acme-*"}
# Views gained per day from 1 May on, in May and in June.
PACE = {"P1": ("tiktok", 10, 30), "P2": ("tiktok", 5, 5), "P3": ("youtube", 7, 14)}


def fill(warehouse):
    """Two accounts of one client; each post is captured at the end of each day."""
    warehouse.prepare("tokportal", golden_world.tokportal.TABLES)
    reference = {"external_ref": "acme-1"}
    put(warehouse, "accounts", [{"account_id": name, **reference} for name in ("A", "B")])
    put(warehouse, "clients", [reference | RULE])
    posts, snapshots = [], []
    for post, (platform, may, june) in PACE.items():
        owner = {"account_id": "B" if platform == "youtube" else "A"}
        ids = {"tracked_post_id": post, **owner, "platform": platform}
        posts.append({**ids, "published_at": at(date(2026, 5, 1), 8), "url": f"https://x/{post}"})
        views = 0
        for number in range((LAST_DAY - date(2026, 4, 30)).days):
            day = date(2026, 5, 1) + timedelta(days=number)
            views += may if day.month == 5 else june
            snapshots.append({**ids, "source": "apify", "captured_at": at(day, 23), "views": views})
    put(warehouse, "tracked_posts", posts)
    columns = {column.name for column in golden_world.TABLES["post_snapshots"].columns}
    rows = [{name: row[name] for name in row if name in columns} for row in snapshots]
    put(warehouse, "post_snapshots", rows)
    # What the accounts were read at: two days after the last one.
    read_at = at(LAST_DAY + timedelta(days=2), 9)
    status = {"stream": "drilldown", "status": "ok", "last_success_at": read_at}
    raw = status | {"stream": "post_raw_snapshots"}
    owners = [{"account_id": name} for name in ("A", "B")]
    put(warehouse, "sync_account_status", [o | s for o in owners for s in (status, raw)])
    marks = [
        {"tracked_post_id": p["tracked_post_id"], "account_id": p["account_id"]} for p in posts
    ]
    put(warehouse, "post_marks", [mark | {"observed_at": at(LAST_DAY, 23)} for mark in marks])
    golden_world.loaded(warehouse, "1")


def at(day, hour):
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def gained(post, first, last):
    """Views of a post from the first day to the last."""
    _, may, june = PACE[post]
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return sum(may if day.month == 5 else june for day in days)


@pytest.fixture(scope="module")
def marts(new_marts):
    made = new_marts("duckdb")
    made.write(fill)
    made.built = made.transform("--json")
    assert made.built.code == 0, made.built.stderr
    return made


def test_the_documented_query_answers(marts):
    (sql,) = re.findall(r"```sql\n(.*?)```", README.read_text(), re.DOTALL)
    found = {}
    for row in marts.query(sql):
        period, start, _, platform, views, before, change, settled, share, failed, *best = row
        figures = (start, views, before, change, settled, share, failed)
        found.setdefault((period, platform, figures), []).append((best[1][-2:], best[2]))

    week, month = (date(2026, 6, 22), date(2026, 6, 28)), (date(2026, 6, 1), date(2026, 6, 30))
    week_before = (date(2026, 6, 15), date(2026, 6, 21))
    month_before = (date(2026, 5, 1), date(2026, 5, 31))
    expected = {}
    for name, days, before in (("week", week, week_before), ("month", month, month_before)):
        for platform in ("tiktok", "youtube"):
            posts = [post for post, (where, *_) in PACE.items() if where == platform]
            now = sum(gained(post, *days) for post in posts)
            then = sum(gained(post, *before) for post in posts)
            figures = (days[0], now, then, pytest.approx(now / then - 1), True, 1.0, 0)
            best = sorted(((post, gained(post, *days)) for post in posts), key=lambda p: -p[1])
            expected[name, platform] = (figures, best)

    assert {
        (period, platform): (figures, best) for (period, platform, figures), best in found.items()
    } == expected


def test_a_period_that_goes_on_is_not_settled(marts):
    """The week of 29 June holds days to come; its change is not told."""
    sql = (
        "select is_settled, complete_share, views_gained_change from mart_client_period"
        " where period = 'week' and period_start = date '2026-06-29' and platform = 'tiktok'"
    )
    assert marts.query(sql) == [(False, pytest.approx(2 / 7), None)]

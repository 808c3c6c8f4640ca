"""`social refresh tokfluence`: priced before, sent once, and read by the next sync."""

import asyncio
from dataclasses import dataclass

import pytest

from pipelines.destinations import DuckDB
from pipelines.exits import Exit, Stop
from pipelines.lock import Holder
from pipelines.refresh import RefreshRequest, carry_out, connection_of
from pipelines.refresh_plan import RefreshResult
from pipelines.refreshes import tokfluence
from pipelines.settings import ProviderSettings
from sources.tokfluence.actions import TokfluenceActions

ANALYZE = "/posts/analyze"


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=8, posts=80, days=20)


@pytest.fixture(autouse=True)
def _filled(sandbox):
    """Credits for everything, no faults, requests counted anew."""
    sandbox.clear_faults()
    sandbox.advance(days=2)  # nothing is fresh, and no order was placed on this day
    sandbox.edit("tokfluence_set_credits", n=10_000)
    sandbox.count_anew("tokfluence")


@pytest.fixture
def charged(sandbox):
    """Credits booked since the test began."""
    before = len(sandbox.control("GET", "/credits")["default"]["rows"])
    return lambda: sum(
        row["cost"] for row in sandbox.control("GET", "/credits")["default"]["rows"][before:]
    )


@pytest.fixture(scope="module")
def urls(sandbox):
    """Addresses of indexed videos."""
    return [row["url"] for row in sandbox.control("GET", "/truth/tokfluence/posts")]


@pytest.fixture(scope="module")
def absent(sandbox):
    """Videos that are not in the index before somebody has them analyzed."""
    return sandbox.control("GET", "/truth/tokfluence/never_indexed")


@dataclass
class Ended:
    result: RefreshResult
    code: int
    said: str

    @property
    def outcomes(self):
        return [row.outcome for row in self.result.rows]


@pytest.fixture
def refresh(sandbox, tmp_path, monkeypatch):
    """What `social refresh tokfluence` does, in this process and without a warehouse."""
    monkeypatch.setattr(tokfluence, "destination", lambda target: DuckDB(tmp_path / "w.duckdb"))

    def run(*posts, wait=0.0, options=None, key=None, **request):
        said = sandbox.settings("tokfluence")
        keys = {"default": key or said["SOURCES__TOKFLUENCE__API_KEY"]}
        url = said["SOURCES__TOKFLUENCE__BASE_URL"]
        settings = ProviderSettings("tokfluence", keys, url, 1e6, 16, options or {})
        asked = RefreshRequest(
            "tokfluence", posts=posts, wait_seconds=wait, **{"agreed": True, **request}
        )
        connections = {"default": connection_of(settings, "default")}
        words = []
        result = asyncio.run(carry_out(asked, settings, connections, words.append))
        return Ended(result, result.exit_code(waited=wait > 0), " ".join(words))

    return run


def orders(sandbox):
    """POSTs that reached the provider since the test began."""
    count = sandbox.requests("tokfluence")["total"]
    log = sandbox.log("tokfluence")[-count:] if count else []
    return [row for row in log if row["method"] == "POST"]


def fault(sandbox, kind, path=ANALYZE, **fields):
    sandbox.fault(kind, path, provider="tokfluence", **fields)


def test_missing_posts_are_ordered_and_the_next_sync_brings_them(
    new_project, sandbox, absent, urls, charged
):
    """Paid once, also when it is ordered again; then it is a row. What was read today is, too."""
    named = {"SOURCES__TOKFLUENCE__POST_URLS": ",".join([absent[0]["url"], urls[0]])}
    project = new_project(sandbox, providers=("tokfluence",), schema="tokfluence", **named)
    project.sync("-s", "tokfluence.posts")
    before, order = charged(), ("refresh", "tokfluence", "--json")

    first = project.social(*order, "--missing", "--yes", "--max-credits", "25")
    waits = project.social(*order, "--missing", "--yes", "--max-credits", "25")
    again = project.social(*order, "--posts", absent[0]["post_id"], "--yes", "--max-credits", "25")
    known = project.social(
        *order, "--accounts", urls[0].split("/")[3], "--yes", SOCIAL_MAX_CREDITS="25"
    )
    cost = charged() - before
    sandbox.advance(hours=1)
    project.sync("-s", "tokfluence.posts")

    assert (first.code, waits.code, again.code, known.code) == (0, 0, 0, 0)
    assert waits.result["posts"] == []  # the next sync tells
    assert [row["outcome"] for row in first.result["posts"]] == ["asked"]
    assert [(row["outcome"], row["sent"]) for row in again.result["posts"]] == [("asked", False)]
    assert (cost, again.result["credits_used"]) == (50, 0)
    assert first.result["next"] == "social sync -s tokfluence"
    assert project.query("select count(*) from posts") == [(2,)]
    assert project.query("select found_at is not null from missing_posts") == [(True,)]
    assert charged() - before - cost == 2  # both were due again


def test_nothing_is_ordered_without_a_budget(refresh, sandbox, urls):
    """The price is shown, and the flag that would allow it."""
    ran = refresh(*urls[:3])

    assert (ran.code, set(ran.outcomes), orders(sandbox)) == (Exit.USAGE, {"needs_budget"}, [])
    assert "all of them: --max-credits 75" in ran.said
    assert "--max-credits 75" in ran.result.last_line()


def test_several_need_to_be_agreed_to(refresh, sandbox, urls):
    with pytest.raises(Stop) as stop:
        refresh(*urls[:3], max_credits=75, agreed=False)

    assert stop.value.code == Exit.USAGE
    assert orders(sandbox) == []


@pytest.mark.parametrize("wait", [0.0, 0.2])
def test_the_budget_is_never_crossed(refresh, urls, charged, wait):
    """Not by one credit, looks included."""
    price = 27 if wait else 25

    ran = refresh(*urls[:3], max_credits=3 * price - 1, wait=wait)

    assert ran.outcomes.count("over_budget") == 1
    assert f"{2 * price} credits (25 a post" in ran.said
    assert charged() == ran.result.facts["credits_used"] <= 3 * price - 1
    assert charged() >= 50


def test_one_post_is_paid_once(refresh, sandbox, urls, charged):
    """Whatever follows its address, and by its id too."""
    url, post_id = urls[0], urls[0].rsplit("/", 1)[1]

    ran = refresh(f"{url}?is_from_webapp=1", post_id, f"{url}#top", max_credits=100)

    assert [row.url for row in ran.result.rows] == [url]
    assert charged() == 25


def test_what_cannot_be_ordered_is_said(refresh, sandbox):
    """And nothing of it is sent."""
    short, photo = (
        "https://vm.tiktok.com/ZM123/",
        "https://www.tiktok.com/@a/photo/7300000000000000001",
    )

    ran = refresh(short, photo, "7300000000000000002", "x", max_credits=100)

    assert (ran.code, set(ran.outcomes)) == (3, {"refused"})
    words = ["a short link", "photos", "nobody says whose", "neither a post id"]
    assert all(word in row.message for word, row in zip(words, ran.result.rows, strict=True))
    assert orders(sandbox) == []


def test_an_id_is_known_from_the_configuration(refresh, urls, charged):
    """The address stands in post_urls; the order is for what a sync follows."""
    ran = refresh(urls[0].rsplit("/", 1)[1], max_credits=25, options={"post_urls": urls[0]})

    assert (ran.outcomes, ran.result.rows[0].post.followed, charged()) == (["asked"], True, 25)


def test_more_than_fit_into_one_order(refresh, sandbox, urls, charged):
    ran = refresh(*urls[:60], max_credits=1500)

    assert len(orders(sandbox)) == 2
    assert len({row["request_id"] for row in _ledger(sandbox)[-2:]}) == 2
    assert (charged(), len(ran.outcomes)) == (1500, 60)
    assert set(ran.outcomes) <= {"asked", "fresh", "failed"}


def _ledger(sandbox):
    return sandbox.control("GET", "/credits")["default"]["rows"]


def test_a_lost_answer_is_looked_up_in_the_balance(refresh, sandbox, urls, charged):
    """One order left and was charged, the second does not leave."""
    fault(sandbox, "reset", method="POST", times=1)

    ran = refresh(*urls[:60], max_credits=1500)

    assert len(orders(sandbox)) == 1
    assert ran.outcomes == ["asked"] * 50 + ["not_asked"] * 10
    assert (charged(), ran.code) == (1250, 3)


def test_a_refunded_order_was_not_taken(refresh, sandbox, urls, charged):
    fault(sandbox, "status", method="POST", status=502, code="upstream_error")

    ran = refresh(urls[0], max_credits=25)

    assert (ran.outcomes, ran.code, charged(), len(orders(sandbox))) == (["not_asked"], 5, 0, 1)


def test_a_refunded_order_is_sent_again_by_the_same_command(refresh, sandbox, absent, charged):
    """The provider answers 409 to the id of a refunded order; that is no success."""
    fault(sandbox, "status", method="POST", status=502, code="upstream_error", times=2)

    ran = [refresh(absent[2]["url"], max_credits=25) for _ in range(4)]

    assert [one.outcomes[0] for one in ran] == ["not_asked", "not_asked", "asked", "asked"]
    assert [one.code for one in ran] == [5, 5, 0, 0]
    assert (charged(), len(orders(sandbox))) == (25, 3)


@pytest.mark.parametrize("refunded", [False, True])
def test_an_order_that_a_kill_interrupted_is_looked_up(
    refresh, sandbox, urls, charged, monkeypatch, refunded
):
    """409 tells that it was taken once. The balance and our ledger tell whether it was paid."""
    if refunded:
        fault(sandbox, "status", method="POST", status=502, code="upstream_error", times=1)
    with monkeypatch.context() as patched:
        _killed_after_its_order(patched)
        with pytest.raises(KeyboardInterrupt):
            refresh(urls[0], max_credits=25)

    ran = refresh(urls[0], max_credits=25)

    assert (ran.outcomes, ran.code, charged()) == (["asked"], 0, 25)


def test_an_order_of_another_machine_is_not_believed(refresh, sandbox, urls, charged, tmp_path):
    """Nothing here tells whether it was refunded: neither done nor paid a second time."""
    refresh(urls[0], max_credits=25)
    (tmp_path / "w.duckdb").unlink()

    ran = [refresh(urls[0], max_credits=25) for _ in range(2)]

    assert [(one.outcomes, one.code) for one in ran] == [(["unknown"], 5)] * 2
    assert charged() == 25


def _killed_after_its_order(patched):
    order = TokfluenceActions.analyze

    async def analyze(*args, **fields):
        try:
            await order(*args, **fields)
        finally:
            raise KeyboardInterrupt

    patched.setattr(TokfluenceActions, "analyze", analyze)


def test_a_lost_answer_that_the_balance_does_not_tell(
    refresh, sandbox, urls, absent, charged, monkeypatch
):
    """Another job spends meanwhile. A post that was not there before tells; of one that nobody
    looked at before, a look would tell nothing."""
    order, left = TokfluenceActions.analyze, iter([9_000, 8_000])

    async def analyze(*args, **fields):
        try:
            return await order(*args, **fields)
        finally:
            sandbox.edit("tokfluence_set_credits", n=next(left))
            sandbox.advance(hours=1)

    monkeypatch.setattr(TokfluenceActions, "analyze", analyze)
    fault(sandbox, "reset", method="POST")

    seen = refresh(absent[1]["url"], max_credits=30, wait=0.1)
    unseen = refresh(urls[0], max_credits=30)

    assert (seen.outcomes, seen.code) == (["captured"], 0)
    assert (unseen.outcomes, unseen.code) == (["unknown"], 5)
    assert (len(orders(sandbox)), charged()) == (2, 25 + 2 + 25)


def test_too_few_credits(refresh, sandbox, urls, charged):
    """Known beforehand: those beyond the balance, less the floor, are not sent."""
    sandbox.edit("tokfluence_set_credits", n=80)

    ran = refresh(*urls[:3], max_credits=1000, options={"credits_floor": 10})

    assert (ran.outcomes[2], ran.code, charged()) == ("no_credits", 3, 50)
    assert [row.sent for row in ran.result.rows] == [True, True, False]


def test_402_is_the_last_that_is_sent(refresh, sandbox, urls, charged):
    fault(sandbox, "status", method="POST", status=402, code="insufficient_credits")

    ran = refresh(*urls[:60], max_credits=1500)

    assert (set(ran.outcomes), ran.code, charged()) == ({"no_credits"}, 5, 0)
    assert len(orders(sandbox)) == 1
    assert ran.result.facts["credits_used"] == 0


def test_words_of_the_provider_are_kept(refresh, sandbox, urls, charged):
    """`fresh` is charged too; `failed` is exit 3; an unknown word stands as it is."""
    for number, word in enumerate(["fresh", "failed", "parked"]):
        fault(
            sandbox,
            "patch",
            method="POST",
            patches=[{"pointer": f"data.{number}.status", "json": f'"{word}"'}],
        )

    ran = refresh(*urls[:3], max_credits=75)

    assert ran.outcomes == ["fresh", "failed", "asked"]
    assert [row.status for row in ran.result.rows] == ["fresh", "failed", "parked"]
    assert (ran.code, charged()) == (3, 75)


def test_new_figures_are_waited_for(refresh, sandbox, absent, urls, charged, monkeypatch):
    """A credit before, one for each look after; a refusal by the budget ends the looking."""
    monkeypatch.setattr(tokfluence.TokfluenceRefresh, "first_pause", 0.1)
    fault(
        sandbox,
        "patch",
        f"/posts/{urls[0].rsplit('/', 1)[1]}",
        skip=1,
        patches=[{"pointer": "data.views", "json": "123"}],
    )

    ran = refresh(urls[0], max_credits=40, wait=5)

    assert (ran.outcomes, ran.code, charged()) == (["captured"], 0, 27)


def test_nothing_is_sent_while_a_sync_runs(refresh, sandbox, urls, tmp_path):
    """It would remember for days what is about to change."""
    with DuckDB(tmp_path / "w.duckdb").writing(Holder()), pytest.raises(Stop) as stop:
        refresh(urls[0], max_credits=25)

    assert (stop.value.code, orders(sandbox)) == (Exit.LOCKED, [])


def test_refused_key(refresh, urls):
    ran = refresh(urls[0], max_credits=25, key="tkf_live_nobody")

    assert (ran.code, ran.outcomes) == (4, ["not_asked"])


def test_a_budget_takes_another_post_each_time(new_project, sandbox, urls):
    """What was ordered and not read since comes last."""
    named = {"SOURCES__TOKFLUENCE__POST_URLS": ",".join(urls[:3])}
    project = new_project(sandbox, providers=("tokfluence",), schema="tokfluence", **named)
    assert project.sync("-s", "tokfluence.posts").code == 0
    order = ("refresh", "tokfluence", "--all", "--yes", "--max-credits", "25", "--force", "--json")

    ordered = [
        row["post_id"]
        for _ in range(3)
        for row in project.social(*order).result["posts"]
        if row["outcome"] == "asked"
    ]

    assert len(set(ordered)) == 3

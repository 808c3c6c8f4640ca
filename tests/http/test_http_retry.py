"""What is asked again, how often and how long after."""

import gzip
import random
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from scripted_server import Answer, Asker, answer, refusal, then_close, then_reset

from sources.http.errors import (
    BadBody,
    ConnectionFault,
    RateLimited,
    Refused,
    ServerFault,
    TryLater,
)
from sources.http.retry import ATTEMPTS, RetryPolicy, hint_seconds

NOW = datetime(2026, 5, 28, 9, tzinfo=UTC)
GOOD = answer({"ok": True})

BROKEN: dict[str, Answer] = {
    "408": refusal(408),
    "429": refusal(429, "RATE_LIMIT_EXCEEDED", Retry_After="0"),
    "429 without a body": answer(b"", 429, Retry_After="0"),
    "500": refusal(500),
    "502 as HTML": answer(b"<html>Bad gateway</html>", 502, content_type="text/html"),
    "503": refusal(503),
    "504": refusal(504),
    "nothing": then_close(b""),
    "reset at once": then_reset(b""),
    "reset in the body": then_reset(answer({"ok": True})[:-3]),
    "headers only": then_close(answer({"ok": True}, content_length="100")),
    "body cut short": then_close(answer(b'{"ok"', content_length="12")),
    "chunk cut short": then_close(answer({"ok": True}, chunked=True)[:-12]),
    "end of chunks missing": then_close(answer({"ok": True}, chunked=True)[:-5]),
    "gzip cut short": answer(gzip.compress(b"[1,2,3]")[:-9], content_encoding="gzip"),
    "no gzip": answer(b"{}", content_encoding="gzip"),
    "packed as not asked": answer(b"{}", content_encoding="br"),
    "cut JSON": answer(b'{"ok": tr'),
    "HTML with 200": answer(b"<!doctype html><title>Wi-Fi</title>", content_type="text/html"),
    "empty body": answer(b""),
    "204": answer(b"", 204, content_length=None),
    "not HTTP": then_close(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "a header of 200 kB": answer({}, X_Long="x" * 200_000),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_broken_answer_is_asked_again(ask: Asker, broken: Answer) -> None:
    """Faults of the connection, of the server or of the body may be gone at the next try."""
    asked = ask(broken, GOOD)

    assert asked.value == {"ok": True}
    assert asked.requests == 2
    assert asked.connection.traffic.retries == 1


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        (refusal(500), ServerFault),
        (refusal(429, Retry_After="0"), RateLimited),
        (then_close(b""), ConnectionFault),
        (answer(b"<html>"), BadBody),
    ],
)
def test_fifth_failure_is_the_last(ask: Asker, broken: Answer, error: type[Exception]) -> None:
    """Five tries, then the error of the last one, naming the endpoint."""
    asked = ask(broken)

    assert type(asked.error) is error
    assert asked.error.message.startswith("GET /thing: ")
    assert asked.requests == ATTEMPTS == 5


@pytest.mark.parametrize(
    ("status", "code"), [(429, "capacity_cooldown"), (429, "ANALYTICS_QUOTA_EXCEEDED")]
)
def test_long_allowance_is_not_asked_again(ask_fast: Asker, status: int, code: str) -> None:
    """A 429 may speak of a month's quota; its code tells, and seconds do not help."""
    asked = ask_fast(refusal(status, code), GOOD)

    assert type(asked.error) is Refused
    assert asked.error.code == code.lower()
    assert asked.requests == 1


@pytest.mark.parametrize(
    ("header", "details"), [("0.3", 0.1), ("0.1", 0.3), ("0.1", "0.3"), (None, 0.3), ("0.3", None)]
)
@pytest.mark.parametrize("status", [429, 503])
def test_never_before_the_larger_hint(
    ask_fast: Asker, status: int, header: str | None, details: object
) -> None:
    """Header and body may differ: the larger wait holds."""
    body = {"error": {"code": "RATE_LIMIT_EXCEEDED", "details": {"retry_after_seconds": details}}}
    started = time.monotonic()

    asked = ask_fast(answer(body, status, Retry_After=header), GOOD)

    assert asked.value == {"ok": True}
    assert 0.3 <= time.monotonic() - started < 1.0


def test_all_requests_of_the_key_wait_after_429(ask_fast: Asker) -> None:
    """The hint is about the key: a request that was never refused keeps to it too."""
    served: list[float] = []

    def script(_: object) -> bytes:
        served.append(time.monotonic())
        return refusal(429, Retry_After="0.4") if len(served) == 1 else GOOD

    asked = ask_fast(script=script, paths=["/a", "/b", "/c"], together=True, concurrency=1)

    assert asked.results == [{"ok": True}] * 3
    assert served[1] - served[0] >= 0.4


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("2", 2.0),
        (" 2 ", 2.0),
        ("1.5", 1.5),
        ("0", 0.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(hours=1), usegmt=True), 0.0),
        ("Thu, 28 May 2026 09:00:10 -0000", 10.0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 0.0),
        ("50, 53", None),
        ("-1", None),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("1" + "0" * 400, None),
        ("1e400", None),
        ("1_0", None),
        ("\u0663", None),  # a digit of another script
        ("2026-05-28T09:00:10Z", None),
        ("Mon, 01 Jan 99999 00:00:00 GMT", None),
        ("\x00", None),
        (None, None),
    ],
)
def test_hint_is_read_or_ignored(header: str | None, seconds: float | None) -> None:
    """Seconds, decimals, HTTP dates on the provider's clock; anything else is no hint."""
    assert hint_seconds(header, None, NOW) == seconds


@pytest.mark.parametrize("garbage", [True, [3], {"a": 1}, "x", -4, 10**400, float("nan"), None])
def test_hint_of_the_body_is_read_or_ignored(garbage: object) -> None:
    """A wild value beside a good header is ignored."""
    assert hint_seconds("7", {"retry_after_seconds": garbage}, NOW) == 7.0
    assert hint_seconds(None, {"retry_after_seconds": garbage}, NOW) is None


def test_garbage_hint_falls_back_to_backoff(ask: Asker) -> None:
    """A hint that is none neither stops the retry nor the run."""
    asked = ask(refusal(503, Retry_After="50, 53"), refusal(503, Retry_After="-1"), GOOD)

    assert asked.value == {"ok": True}
    assert asked.requests == 3


def test_hint_beyond_patience_ends_the_run_for_the_provider(ask: Asker) -> None:
    """The time to come back is told on the provider's clock, and nothing more is asked."""
    date = format_datetime(NOW, usegmt=True)
    asked = ask(
        refusal(429, "RATE_LIMIT_EXCEEDED", Retry_After="600", Date=date),
        GOOD,
        paths=["/a", "/b"],
    )

    first, second = asked.results
    assert isinstance(first, TryLater)
    assert first.retry_at == NOW + timedelta(seconds=600)
    assert "2026-05-28 09:10:00Z" in first.message
    assert isinstance(second, TryLater)
    assert asked.requests == 1


def test_request_that_waits_its_turn_meanwhile_is_not_sent(ask_fast: Asker) -> None:
    """Another one heard that it is no use."""
    rate = ask_fast.rate(120)
    while rate._take() <= 0:
        pass

    asked = ask_fast(
        refusal(429, Retry_After="600"), paths=["/a", "/b", "/c"], together=True, rate=rate
    )

    assert [type(result) for result in asked.results] == [TryLater] * 3
    assert asked.requests == 1


def test_long_hint_ends_the_run_when_no_retry_is_left() -> None:
    """The hint is heeded even where the budget would forbid a retry anyway."""
    decide = RetryPolicy(budget=0, patience_seconds=10).delay(lambda: NOW)

    with pytest.raises(TryLater):
        decide(RateLimited("wait", wait_seconds=11))


def test_backoff_is_full_jitter_under_a_growing_ceiling() -> None:
    """Anything from zero to the ceiling, which doubles up to the longest wait."""
    ceilings = (1.0, 2.0, 4.0, 5.0)
    drawn: list[list[float]] = [[], [], [], []]
    for seed in range(300):
        policy = RetryPolicy(base_seconds=1, longest_seconds=5, random=random.Random(seed))
        decide = policy.delay(lambda: NOW)
        for waits in drawn:
            waits.append(float(decide(ServerFault("x"))))

    for waits, ceiling in zip(drawn, ceilings, strict=True):
        assert 0 <= min(waits) < 0.1 * ceiling
        assert 0.9 * ceiling < max(waits) <= ceiling


def test_budget_keeps_an_outage_from_multiplying_load(ask_fast: Asker) -> None:
    """With the budget spent, each request is tried once."""
    asked = ask_fast(refusal(500), paths=["/a"] * 10, retry={"budget": 6})

    assert all(isinstance(error, ServerFault) for error in asked.results)
    assert asked.requests == 10 + 6


def test_answers_earn_the_budget_back(ask_fast: Asker) -> None:
    """A provider that fails now and then never runs out of retries."""
    flaky = [refusal(500), GOOD] * 20

    asked = ask_fast(*flaky, paths=["/a"] * 20, retry={"budget": 1})

    assert asked.results == [{"ok": True}] * 20


def test_five_failures_in_a_row_mean_that_the_provider_is_down(ask_fast: Asker) -> None:
    """Over more than one endpoint; then nothing more is asked in this run."""
    asked = ask_fast(refusal(503), paths=["/a", "/b"] * 4, retry={"budget": 0})

    kinds = [type(error) for error in asked.results]
    assert kinds == [ServerFault] * 4 + [TryLater] * 4
    assert asked.results[4].code == "provider_down"
    assert asked.requests == 5


@pytest.mark.parametrize("between", [GOOD, refusal(404)], ids=["an answer", "a refusal"])
def test_any_answer_between_breaks_the_row(ask_fast: Asker, between: bytes) -> None:
    """Who answers, if only with a 404, is not down."""
    bad = refusal(503)

    asked = ask_fast(
        *[bad] * 4, between, *[bad] * 4, paths=["/a", "/b"] * 4 + ["/c"], retry={"budget": 0}
    )

    assert asked.requests == 9
    assert not any(isinstance(result, TryLater) for result in asked.results)


def test_one_broken_endpoint_is_not_the_provider(ask_fast: Asker) -> None:
    """An account with many posts may ask one broken endpoint many times before anything else."""
    asked = ask_fast(
        script=lambda request: GOOD if "/good" in request.target else refusal(500),
        paths=["/comments"] * 60 + ["/good"],
        retry={"budget": 0},
    )

    assert asked.results[-1] == {"ok": True}


def test_endpoint_that_never_answers_is_not_asked_for_ever(ask_fast: Asker) -> None:
    """Ten thousand accounts are not asked one by one when none answers."""
    asked = ask_fast(refusal(500), paths=["/drilldown"] * 130, retry={"budget": 0})

    assert asked.results[99].code == "provider_down"
    assert asked.requests == 100

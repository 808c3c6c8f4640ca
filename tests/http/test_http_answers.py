"""What an answer means: by status and by code, never by a text that may change."""

import json
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from scripted_server import KEY, Asker, answer, refusal

from sources.http.answers import Codes
from sources.http.budget import CreditsTooLow
from sources.http.errors import (
    CredentialsRefused,
    NoDataYet,
    NotFound,
    NotInPlan,
    ProviderError,
    Refused,
)

CODES = {
    "codes": Codes(
        no_data=frozenset({"analytics_not_found"}),
        ours_alone=frozenset({"saved_account_not_owned"}),
        no_credits=frozenset({"no_credits_left"}),
    )
}


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "BAD_REQUEST", Refused),
        (401, "AUTH_REVOKED_KEY", CredentialsRefused),
        (402, "INSUFFICIENT_CREDITS", NotInPlan),
        (402, "NO_CREDITS_LEFT", CreditsTooLow),
        (403, "PLAN_REQUIRED", NotInPlan),
        (403, "SAVED_ACCOUNT_NOT_OWNED", NotFound),
        (404, "ANALYTICS_NOT_FOUND", NoDataYet),
        (404, "analytics_not_found", NoDataYet),
        (404, "SAVED_ACCOUNT_NOT_FOUND", NotFound),
        (409, "ACCOUNT_INVALID_STATUS", Refused),
        (410, "GONE", Refused),
        (302, "MOVED", Refused),
        (304, "", Refused),
    ],
)
def test_final_answer_is_asked_once(
    ask: Asker, status: int, code: str, kind: type[ProviderError]
) -> None:
    """What asking again will not change is not asked again; codes are compared without case."""
    asked = ask(refusal(status, code) if status != 304 else answer(b"", 304), **CODES)

    assert type(asked.error) is kind
    assert (asked.error.status, asked.error.code) == (status, code.lower() or kind.code)
    assert asked.requests == 1


@pytest.mark.parametrize(
    ("body", "code", "told"),
    [
        ({"error": {"code": "X_1", "message": "No."}}, "x_1", "x_1 No."),
        ({"error": "not_found"}, "not_found", "not_found"),
        ({"error": "There is no such thing"}, "refused", "There is no such thing"),
        ({"code": "TOP", "message": "flat"}, "top", "top flat"),
        ({"error": {"code": {"a": 1}, "message": ["x"]}}, "refused", ""),
        ({"error": None}, "refused", ""),
        ([1], "refused", ""),
        (b"<html>", "refused", ""),
        (b"\xff\xfe", "refused", ""),
    ],
)
def test_error_body_in_any_shape(ask_fast: Asker, body: object, code: str, told: str) -> None:
    """A code where there is one, a message where there is one, never a crash."""
    asked = ask_fast(answer(body, 400))

    assert asked.error.code == code
    assert asked.error.message == f"GET /thing: HTTP 400 {told}".strip()


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"X_TokPortal_Request_Id": "r-1"}, {}),
        ({"X_Request_Id": "r-1"}, {}),
        ({}, {"error": {"request_id": "r-1"}}),
        ({}, {"error": {"details": {"request_id": "r-1"}}}),
    ],
)
def test_request_id_is_kept_for_the_provider(
    ask_fast: Asker, headers: dict[str, str], body: object
) -> None:
    """It stands in a header or in the error body."""
    assert ask_fast(answer(body, 400, **headers)).error.request_id == "r-1"


@pytest.mark.parametrize("status", [400, 401, 403, 500])
def test_key_echoed_by_the_provider_is_hidden(ask: Asker, status: int) -> None:
    """In message, code and request id; also where cutting would have left half of it."""
    body = {"error": {"code": KEY, "message": "x" * 290 + KEY, "request_id": f"id {KEY}"}}

    error = ask(answer(body, status, X_Request_Id=f"rid-{KEY}")).error

    told = json.dumps([error.message, str(error), error.code, error.request_id, repr(error)])
    assert KEY[:12].lower() not in told.lower()


def test_foreign_text_cannot_drive_a_terminal_or_break_a_database(ask_fast: Asker) -> None:
    """Control characters, bidi overrides and lone surrogates are replaced in messages."""
    hostile = rb'{"error": {"code": "X", "message": "a\u0000b\u001b[2Jc\u202ed\ud800e\nf"}}'

    message = ask_fast(answer(hostile, 400)).error.message

    assert message.endswith("a\ufffdb\ufffd[2Jc\ufffdd\ufffde\ufffdf")
    message.encode()


def test_body_that_is_not_json_is_named(ask_fast: Asker) -> None:
    """At three in the morning the first words of a captive portal explain more than an offset."""
    error = ask_fast(answer(b"<!doctype html><title>Hotel Wi-Fi</title>")).error

    assert error.code == "not_json"
    assert "Hotel Wi-Fi" in error.message


def test_now_is_the_providers(ask: Asker) -> None:
    """Also from the Date of a failure."""
    said = datetime(2031, 1, 2, 3, 4, 5, tzinfo=UTC)

    asked = ask(refusal(404, Date=format_datetime(said, usegmt=True)))

    assert abs((asked.connection.clock.now() - said).total_seconds()) <= 1


@pytest.mark.parametrize(
    "date", ["", "now", "Mon, 01 Jan 99999 00:00:00 GMT", "2026-05-28T09:00:00Z"]
)
def test_wild_date_leaves_the_clock_alone(ask_fast: Asker, date: str) -> None:
    """A header that is no HTTP date is as if absent."""
    now = ask_fast(answer({}, Date=date)).connection.clock.now()

    assert abs((now - datetime.now(UTC)).total_seconds()) < 5


@pytest.mark.parametrize(
    "text", ["inf", "nan", "1e400", "-inf", "1_000", "0x10", "5, 7", "[5]", "many", "", "\u00b2"]
)
def test_a_header_that_is_no_number_changes_nothing(ask: Asker, text: str) -> None:
    """The answer counts; balance, rate and wait stay as they were."""
    names = ("X_Credits_Remaining", "X_RateLimit_Limit", "X_RateLimit_Remaining", "Retry_After")

    asked = ask(answer({"ok": True}, **dict.fromkeys(names, text)))

    assert asked.value == {"ok": True}
    assert asked.connection.wallet.balance is None
    assert asked.connection.rate.per_minute == 1e6


def test_a_negative_balance_is_a_balance(ask: Asker) -> None:
    """An overdrawn account spends nothing more."""
    asked = ask(answer({"ok": True}, X_Credits_Remaining="-3"))

    assert asked.connection.wallet.balance == -3

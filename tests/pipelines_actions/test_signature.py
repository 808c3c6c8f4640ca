"""A delivery is believed when one of our secrets signed these very bytes just now."""

import hmac
from hashlib import sha256

import pytest

from sources.tokportal.webhooks import NotAnEvent, is_genuine, read_event

NOW = 1_779_960_000
BODY = b'{"id":"evt_1","type":"account.banned","data":{"saved_account_id":"a"}}'
SECRET, OTHER = "whsec_one", "whsec_two"


def v1(secret=SECRET, at=NOW, body=BODY):
    return hmac.new(secret.encode(), b"%d." % at + body, sha256).hexdigest()


def genuine(header, body=BODY, secrets=(SECRET,)):
    return is_genuine(header, body, secrets, NOW)


@pytest.mark.parametrize(
    "header",
    [
        f"t={NOW},v1={v1()}",
        f"v1={v1()}, t={NOW}",
        f"t={NOW},v1={'0' * 64},v1={v1()}",
        f"t={NOW},v0=nonsense,v1={v1()}",
        f"t={NOW - 300},v1={v1(at=NOW - 300)}",
        f"t={NOW + 300},v1={v1(at=NOW + 300)}",
    ],
    ids=["plain", "other_order", "two_v1", "other_version", "300_s_old", "300_s_ahead"],
)
def test_is_believed(header):
    """Parts in any order, several v1 while a secret is replaced, 300 s either way."""
    assert genuine(header)


@pytest.mark.parametrize(
    "header",
    [
        f"t={NOW - 301},v1={v1(at=NOW - 301)}",
        f"t={NOW + 301},v1={v1(at=NOW + 301)}",
        f"t={NOW + 1},v1={v1()}",
        f"t={NOW}",
        f"v1={v1()}",
        f"t={NOW},t={NOW},v1={v1()}",
        f"t={NOW},v1={v1(OTHER)}",
        f"t={NOW},v1={v1('')}",
        f"t={NOW},v1={v1()[:-1]}",
        f"t=-{NOW},v1={v1()}",
        f"t=now,v1={v1()}",
        "sha256=deadbeef",
        "",
        None,
    ],
    ids=[
        *("old", "future", "another_time", "no_v1", "no_t", "two_t", "another_secret"),
        *("empty_secret", "cut_v1", "negative_t", "t_in_words", "another_scheme", "empty", "none"),
    ],
)
def test_is_not_believed(header):
    """Whatever is missing, old, ahead of time or signed otherwise."""
    assert not genuine(header)


def test_every_byte_of_the_body_counts():
    """One altered byte, or the same JSON written otherwise, is another body."""
    header = f"t={NOW},v1={v1()}"

    altered = [BODY[:at] + bytes([BODY[at] ^ 1]) + BODY[at + 1 :] for at in range(len(BODY))]

    assert not any(genuine(header, body) for body in [*altered, BODY + b" ", BODY + b"\n"])


def test_each_of_several_secrets_is_good():
    """While one secret replaces another, both are."""
    assert genuine(f"t={NOW},v1={v1(SECRET)}", secrets=(OTHER, SECRET))
    assert genuine(f"t={NOW},v1={v1(OTHER)}", secrets=(OTHER, SECRET))


def test_an_empty_secret_signs_nothing():
    """Not even where it stands among good ones."""
    assert not genuine(f"t={NOW},v1={v1('')}", secrets=("", SECRET))


def test_event_is_read_from_header_and_body():
    """The body's id is the event's, for it is signed and the header is not."""
    event = read_event(BODY, "evt_header")

    assert event.event_id == "evt_1"
    assert (event.type, event.saved_account_id) == ("account.banned", "a")
    assert read_event(BODY, None).event_id == "evt_1"


@pytest.mark.parametrize(
    "body", [b"", b"{not json", b"[]", b'"evt"', b"{}", b"\xff\xfe{}", b"[" * 9999]
)
def test_body_that_is_no_event(body):
    """Signed or not: without an object and an id there is nothing to store."""
    with pytest.raises(NotAnEvent):
        read_event(body, None)

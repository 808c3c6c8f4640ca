"""The key: who gets it, what happens when it is refused, and that nothing tells it."""

import logging
import ssl
import subprocess
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from scripted_server import KEY, Asker, Request, Script, answer, refusal

from sources.http.auth import HeaderAuth
from sources.http.egress import checked_base_url, path
from sources.http.errors import CredentialsRefused, EgressRefused, Refused
from sources.http.redaction import fingerprint, redact, register, shown

NEW_KEY = "sk_test_fedcba9876543210"


def only(key: str) -> Script:
    """A server that knows one key."""

    def script(request: Request) -> bytes:
        known = request.headers["x-api-key"] == key
        return answer({"ok": True}) if known else refusal(401, "AUTH_INVALID_KEY")

    return script


def test_refused_key_is_not_tried_again(ask: Asker) -> None:
    """Without another key there is nothing to try: one request, one look at the secret."""
    looks: list[int] = []
    auth = HeaderAuth("X-API-Key", KEY, reread=lambda: looks.append(1) or KEY)

    asked = ask(refusal(401, "AUTH_REVOKED_KEY"), auth=auth)

    assert type(asked.error) is CredentialsRefused
    assert (asked.requests, len(looks)) == (1, 1)


def test_rotated_key_is_found(ask: Asker) -> None:
    """A key that was rotated while the run went on is read from where it lives."""
    auth = HeaderAuth("X-API-Key", KEY, reread=lambda: NEW_KEY + "\n")

    asked = ask(script=only(NEW_KEY), auth=auth)

    assert asked.value == {"ok": True}
    assert [request.headers["x-api-key"] for request in asked.server.requests] == [KEY, NEW_KEY]


def test_all_requests_under_way_survive_a_rotation(ask: Asker) -> None:
    """Those that were refused with the old key go again with the one that another has found."""
    auth = HeaderAuth("X-API-Key", KEY, reread=lambda: NEW_KEY)

    asked = ask(script=only(NEW_KEY), auth=auth, paths=["/a"] * 12, together=True)

    assert asked.results == [{"ok": True}] * 12


def test_secret_is_read_once_for_all_that_were_refused(ask: Asker) -> None:
    """Sixteen requests under way are one refusal."""
    looks: list[int] = []
    auth = HeaderAuth("X-API-Key", KEY, reread=lambda: looks.append(1) or KEY)

    asked = ask(refusal(401), auth=auth, paths=["/a"] * 12, together=True)

    assert {type(result) for result in asked.results} == {CredentialsRefused}
    assert len(looks) == 1


def test_second_refusal_is_the_last(ask: Asker) -> None:
    """A new key that is refused too ends it, even if the secret changes once more."""
    keys = iter(["sk_test_second00", "sk_test_third000"])
    auth = HeaderAuth("X-API-Key", KEY, reread=lambda: next(keys))

    asked = ask(refusal(401), auth=auth)

    assert type(asked.error) is CredentialsRefused
    assert asked.requests == 2


def test_secret_that_cannot_be_read_is_a_refusal(ask_fast: Asker) -> None:
    """A broken secrets file is not a crash."""

    def broken() -> str:
        raise OSError("no such file")

    asked = ask_fast(refusal(401), auth=HeaderAuth("X-API-Key", KEY, reread=broken))

    assert type(asked.error) is CredentialsRefused


@pytest.mark.parametrize("key", ["", "  ", "sk_é", "sk_a\r\nX-Evil: 1", "sk_\x00"])
def test_key_that_no_header_can_carry_is_refused(key: str) -> None:
    """Before anything is sent."""
    with pytest.raises(CredentialsRefused):
        HeaderAuth("X-API-Key", key)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_never_followed(ask: Asker, status: int) -> None:
    """The key stays with the configured host, whatever a Location says."""
    asked = ask(
        script=lambda request: (
            answer({"stolen": True})
            if request.target == "/elsewhere"
            else answer(b"", status, Location="/elsewhere")
        )
    )

    assert type(asked.error) is Refused
    assert [request.target for request in asked.server.requests] == ["/api/thing"]


def test_environment_cannot_divert_a_request(
    ask: Asker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither a proxy nor a netrc of the environment sees a request or changes it."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login eve password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    asked = ask(answer({"ok": True}))

    assert asked.value == {"ok": True}
    assert "authorization" not in asked.server.requests[0].headers
    assert asked.server.requests[0].target == "/api/thing"


def test_cookies_are_not_kept(ask: Asker) -> None:
    """Nothing that one answer sets travels with the next request."""
    asked = ask(answer({}, Set_Cookie="session=1; Path=/"), paths=["/a", "/b"])

    assert asked.requests == 2
    assert "cookie" not in asked.server.requests[1].headers


def test_certificate_that_nobody_signed_gets_no_key(ask: Asker, tmp_path: Path) -> None:
    """Certificates are checked, and there is no switch to turn that off."""
    asked = ask(answer({}), tls=_self_signed(tmp_path), retry={"budget": 0})

    assert "certificate" in asked.error.message.lower()
    assert asked.requests == 0


def _self_signed(folder: Path) -> ssl.SSLContext:
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    command += ["-subj", "/CN=127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@pytest.mark.parametrize(
    "url",
    [
        "https://app.tokportal.com/api/ext",
        "https://app.tokportal.com:8443/",
        "http://127.0.0.1:8000/api",
        "http://localhost:8000",
        "http://[::1]:8000",
    ],
)
def test_base_url_that_a_key_may_go_to(url: str) -> None:
    """https anywhere, plain http on this machine."""
    assert checked_base_url(url) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "app.tokportal.com/api",
        "http://app.tokportal.com/api",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://169.254.169.254/latest",
        "http://0.0.0.0",
        "https://user:pw@app.tokportal.com",
        "https://app.tokportal.com@evil.example",
        "https://app.tokportal.com\\@evil.example",
        "https://evil.example\\.tokportal.com",
        "https://app.tokportal.com/?to=x",
        "https://app.tokportal.com/#x",
        "https://app.tokportal.com:port",
        "https://",
        "file:///etc/passwd",
        "ftp://127.0.0.1",
        "https://app.tok\nportal.com",
    ],
)
def test_base_url_that_a_key_may_not_go_to(url: str) -> None:
    """Anything else is refused before a connection exists."""
    with pytest.raises(EgressRefused):
        checked_base_url(url)


@pytest.mark.parametrize(
    "account_id",
    [
        "a b",
        "a/b",
        "../../admin",
        "a?b=c",
        "a#b",
        "a%2Fb",
        "a%2e%2e",
        "a\r\nHost: evil",
        "é",
        "😀",
        "\x00",
        "a;b",
        "...",
        "%",
    ],
)
def test_id_stays_in_its_segment(ask: Asker, account_id: str) -> None:
    """Ids come from data: none of them climbs out of its place in the path."""
    asked = ask(answer({}), paths=[path("accounts", account_id, "raw")])

    (request,) = asked.server.requests
    before, middle, after = request.target.removeprefix("/api/").split("/")
    assert (before, unquote(middle), after) == ("accounts", account_id, "raw")


@pytest.mark.parametrize("account_id", ["", ".", "..", "\ud800"])
def test_id_that_is_no_segment_is_refused(account_id: str) -> None:
    """Nothing is sent for it."""
    with pytest.raises(Refused, match="cannot be ids"):
        path("accounts", account_id)


def test_parameters_arrive_as_they_are(ask: Asker) -> None:
    """Signs that mean something in a query are data in a value."""
    params = [("from", "2026-05-28T09:00:00+02:00"), ("q", "a&b=c d#e%41é+")]

    asked = ask(answer({}), params=params)

    assert parse_qsl(urlsplit(asked.server.requests[0].target).query) == params


@pytest.mark.parametrize(
    "text",
    [
        "key hushhush-1/2 refused",
        "GET /x?key=hushhush-1%2F2",
        "postgresql://me:hush@hush@db/x",
        "redis://:hushhush@db",
        "Authorization: Bearer hush.hush",
        "authorization: bearer hush.hush",
        "sk_hush_0123456789",
        "tok_live_hush01234",
        "gva_live_hush.hush",
        "aHVzaGh1c2gtMS8y",
    ],
)
def test_secret_is_hidden_in_text(text: str) -> None:
    """Registered secrets in any writing, key-shaped words, passwords in addresses."""
    register("hushhush-1/2")

    hidden = redact(text)

    assert "hush" not in hidden
    assert "aHVz" not in hidden
    assert "[hidden]" in hidden


def test_secret_that_holds_another_leaves_no_tail() -> None:
    """The longest is hidden first."""
    register("abcd1234")
    register("abcd1234-tail")

    assert redact("<abcd1234-tail> <abcd1234>") == "<[hidden]> <[hidden]>"


def test_secret_is_hidden_before_the_text_is_cut() -> None:
    """Cutting first would leave its first half."""
    register("abcdefghij")

    assert shown("xxxx abcdefghij", 10) == "xxxx [hidd"


def test_key_is_in_no_representation(tmp_path: Path) -> None:
    """A fingerprint tells two keys apart and gives neither away."""
    connection = Asker(tmp_path).connect("http://127.0.0.1:9")

    assert KEY not in repr(connection)
    assert len(connection.auth.fingerprint) == 8
    assert fingerprint(KEY) != fingerprint(NEW_KEY)


def test_retries_are_not_printed(ask_fast: Asker, capfd: pytest.CaptureFixture[str]) -> None:
    """Standard error belongs to the progress: a retry shows there only if somebody logs."""
    root = logging.getLogger()
    handlers, root.handlers = root.handlers, []
    try:
        ask_fast(refusal(500), answer({}))
    finally:
        root.handlers = handlers

    assert capfd.readouterr() == ("", "")

"""A Postgres on another host must prove that it is the one in the URL, on every connection."""

import shutil

import pytest
from postgres_server import PostgresServer
from tls_front import HOST, Authority, Front

from pipelines.destinations.address import Address, authorities
from pipelines.destinations.postgres import Postgres
from pipelines.exits import Stop

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")


@pytest.fixture(scope="module")
def front(postgres):
    made = Front(postgres.port)
    yield made
    made.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def authority(folder):
    return Authority(folder, "authority")


@pytest.fixture(scope="module")
def impostor(folder):
    return Authority(folder, "impostor")


@pytest.fixture
def trusted(authority, monkeypatch):
    """The system trusts this authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))


@pytest.fixture(scope="module")
def url(postgres: PostgresServer, front):
    """The server as another host sees it."""
    name = postgres.new_database()
    return name.replace(f"127.0.0.1:{postgres.port}", f"{HOST}:{front.port}")


def connected(url):
    """What psycopg2 and ADBC say of their connections, or the Stop of the first one."""
    with Postgres(Address.parse(url)).reading() as warehouse:
        assert warehouse.query("select 1") == [(1,)]
        assert warehouse.arrow("select 1 as one").to_pylist() == [{"one": 1}]


def test_the_right_server_is_connected_to(front, authority, trusted, url):
    front.context = authority.sign(HOST)
    before = front.taken

    connected(url)
    connected(f"{url}?sslmode=verify-full&sslrootcert=system")

    assert front.taken > before
    assert front.plain == 0


@pytest.mark.parametrize(
    ("server", "words", "remedy"),
    [
        ("forged", "no trusted authority", "sslrootcert"),
        ("of another host", "another host", "Correct the host"),
        ("expired", "has expired", "sslmode=require"),
        ("without TLS", "no TLS", "sslmode=disable"),
    ],
)
def test_another_server_gets_no_password(
    front, authority, impostor, trusted, url, postgres, server, words, remedy
):
    """The error says why, and names the setting that relaxes the check."""
    contexts = {
        "forged": lambda: impostor.sign(HOST),
        "of another host": lambda: authority.sign("127.0.0.3"),
        "expired": lambda: authority.sign(HOST, days=-1),
        "without TLS": lambda: None,
    }
    front.context = contexts[server]()
    passed = front.passed

    with pytest.raises(Stop, match=words) as stopped:
        connected(url)

    assert stopped.value.code == 2
    assert remedy in stopped.value.remedy
    assert "sslmode=" in stopped.value.remedy
    assert postgres.password not in stopped.value.message + stopped.value.remedy
    assert front.passed == passed


def test_the_check_can_be_relaxed(front, impostor, url):
    front.context = impostor.sign(HOST)
    connected(f"{url}?sslmode=require")
    connected(f"{url}?sslrootcert={impostor.file}")
    front.context = None
    connected(f"{url}?sslmode=disable")


@pytest.mark.parametrize(
    ("url", "verified"),
    [
        ("postgresql://u:p@localhost/d", False),
        ("postgresql://u:p@127.0.0.1/d", False),
        ("postgresql://u:p@[::1]/d", False),
        ("postgresql://u:p@localhost/d?host=/var/run/postgresql", False),
        ("postgresql://u:p@warehouse.example/d?hostaddr=127.0.0.1", False),
        ("postgresql://u:p@localhost/d?host=warehouse.example", True),
        ("postgresql://u:p@localhost/d?hostaddr=192.0.2.1", True),
        ("postgresql://u:p@warehouse.example/d", True),
        ("postgresql://u:p@localhost,warehouse.example/d", True),
        ("postgresql://u:p@localhost.example/d", True),
        ("postgresql://u:p@192.0.2.1/d", True),
    ],
)
def test_who_is_verified_is_decided_by_where_the_connection_goes(url, verified):
    """`host` and `hostaddr` among the parameters lead elsewhere than the URL seems to."""
    address = Address.parse(url)

    assert ("sslmode=verify-full" in address.url) == verified
    assert ("sslrootcert" in address.url) == verified


def test_the_systems_authorities_are_found(monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)

    assert "BEGIN CERTIFICATE" in authorities().read_text(errors="replace")


def test_a_sync_and_its_marts_verify_every_connection(
    new_sandbox, new_project, front, authority, postgres, url
):
    """dlt's, dbt's and those of queries, too: nothing goes on without TLS."""
    front.context = authority.sign(HOST)
    sandbox = new_sandbox(accounts=8, posts=40, days=5)
    project = new_project(sandbox, postgres=postgres, SSL_CERT_FILE=str(authority.file))
    env = {
        name: value.replace(f"127.0.0.1:{postgres.port}", f"{HOST}:{front.port}")
        for name, value in project.env.items()
        if name.startswith("DESTINATION__POSTGRES")
    }
    taken, plain = front.taken, front.plain

    assert project.sync(**env, SOCIAL_NO_TRANSFORM="").code == 0
    ran = project.social(
        "query", "--format", "csv", "select count(*) > 0 as ok from marts.dim_post", **env
    )

    assert ran.stdout.splitlines() == ["ok", "true"]
    assert front.taken > taken + 5
    assert front.plain == plain

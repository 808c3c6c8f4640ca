"""Sandboxes for the tests: real servers, real sockets."""

from collections.abc import Callable, Iterator

import pytest
from sandbox_client import SMALL, Client

from sandbox.server import Settings

Launch = Callable[[Settings], Client]


@pytest.fixture
def launch() -> Iterator[Launch]:
    """Starts sandboxes that end with the test."""
    running: list[Client] = []

    def start(settings: Settings) -> Client:
        running.append(Client(settings))
        return running[-1]

    yield start
    for client in running:
        client.close()


@pytest.fixture
def sandbox(launch: Launch) -> Client:
    """A small sandbox of the test's own, without a rate to speak of."""
    return launch(SMALL)


@pytest.fixture(scope="session")
def served() -> Iterator[Client]:
    """A small sandbox that all tests share; they only read."""
    client = Client(SMALL)
    yield client
    client.close()

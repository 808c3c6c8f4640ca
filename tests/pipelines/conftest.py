"""What most modules here begin with: a project for the sandbox of the module, and its truth."""

import pytest
from oracle import Truth


@pytest.fixture(scope="module")
def project(new_project, sandbox):
    return new_project(sandbox)


@pytest.fixture(scope="module")
def truth(sandbox):
    return Truth(sandbox.url)

"""Sixteen hostile answers at once stay under 512 MiB, measured in a process of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hostile_answers
import pytest
from scripted_server import Asker, answer, packed

from sources.http.body import MAX_ERROR_BYTES
from sources.http.errors import ServerFault

HERE = Path(__file__).parent
MOST_MIB = 512
# One family of each mechanism; the others are slow tests.
QUICK = ("empty arrays", "tiny texts", "just within: objects", "an error of 16 MiB")


def families() -> Iterator[Any]:
    for name in hostile_answers.FAMILIES:
        yield name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)


@pytest.mark.parametrize("family", list(families()))
def test_sixteen_hostile_answers_stay_under_512_mib(family: str) -> None:
    """Also where every value is kept: what the caps just let through is what costs most."""
    ran = subprocess.run(
        [sys.executable, HERE / "hostile_answers.py", family],
        env=os.environ | {"PYTHONPATH": f"{HERE}:{HERE.parent.parent}"},
        capture_output=True,
        text=True,
        check=True,
    )

    measured = json.loads(ran.stdout)
    assert measured["peak"] < MOST_MIB
    if not family.startswith("just within"):
        assert not {"list", "dict", "str"} & set(measured["said"])


def test_a_large_honest_answer_is_read(ask_fast: Asker) -> None:
    """8,000 posts of one account in one answer, with emoji in their captions."""
    post = {f"field_{n}": n for n in range(12)} | {f"text_{n}": "word " * 4 for n in range(7)}
    posts = [post | {"caption": "\U0001f600 so good #tag " * 3} for _ in range(8_000)]

    body = json.dumps({"posts": posts}, ensure_ascii=False).encode()

    assert len(ask_fast(packed(body)).value["posts"]) == 8_000


def test_an_error_keeps_its_meaning_whatever_its_body_is(ask_fast: Asker) -> None:
    """A 503 with a large, cut or broken body is still a 503, and its short message is kept."""
    body = b'{"error":{"code":"OVERLOADED","message":"later"}}'
    for said in (
        answer(b"x" * (4 * MAX_ERROR_BYTES), 503),
        answer(body, 503, content_encoding="gzip"),
        packed(body).replace(b" 200 ", b" 503 "),
    ):
        error = ask_fast(said, retry={"budget": 0}).error
        assert type(error) is ServerFault, error
    assert error.code == "overloaded"

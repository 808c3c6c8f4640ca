"""A fresh analysis is ordered once, priced beforehand, and never sent for nothing."""

import asyncio

import pytest

from sources.http.budget import Budget, BudgetSpent
from sources.http.client import HttpClient
from sources.http.errors import ProviderError, Refused
from sources.tokfluence import connect
from sources.tokfluence.actions import OrderedBefore, TokfluenceActions


def analyze(sandbox, urls, request_id, max_credits=None):
    """What the order came to."""
    budget = Budget(max_credits=max_credits)
    connection = connect("tkf_sandbox_order", f"{sandbox.url}/v1", budget=budget)

    async def order():
        async with HttpClient(connection) as http:
            return await TokfluenceActions(http).analyze(urls, request_id)

    try:
        return asyncio.run(order())
    except ProviderError as error:
        return error


@pytest.fixture(scope="module")
def missing(sandbox):
    return sandbox.control("GET", "/truth/tokfluence/never_indexed")


def test_each_address_is_paid_once(sandbox, missing, spent):
    """Repeats are left out; the same order again is refused as such, and free."""
    url = missing[0]["url"]

    first, again = (analyze(sandbox, [url, url], "order-1") for _ in range(2))

    assert [(a.url, a.post_id) for a in first] == [(url, missing[0]["post_id"])]
    assert isinstance(again, OrderedBefore)
    assert spent() == 25


def test_an_order_beyond_the_budget_is_not_sent(sandbox, missing, spent):
    """The price is known before."""
    urls = [row["url"] for row in missing[:3]]

    assert isinstance(analyze(sandbox, urls, "order-2", max_credits=74), BudgetSpent)
    assert spent() == 0


def test_a_lost_answer_is_not_ordered_again(sandbox, missing, fault, spent):
    """One request leaves, whatever comes back; the same id tells later that it was accepted."""
    fault("reset", "/posts/analyze", method="POST", times=1)
    lost = analyze(sandbox, [missing[1]["url"]], "order-3")

    again = analyze(sandbox, [missing[1]["url"]], "order-3")

    assert isinstance(lost, ProviderError)
    assert isinstance(again, OrderedBefore)
    assert spent() == 25


@pytest.mark.parametrize("urls", [[], ["https://vm.tiktok.com/Z1/"], ["x"] * 51])
def test_an_order_that_brings_nothing_is_not_sent(sandbox, urls, spent):
    assert isinstance(analyze(sandbox, urls, "order-4"), Refused)
    assert spent() == 0

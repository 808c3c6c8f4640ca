"""Endpoints that a deployment of a provider may lack."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from ..http.errors import NoDataYet, NotFound, NotInPlan

T = TypeVar("T")


class NotOffered(NoDataYet):
    """This deployment of the provider has no such endpoint."""

    code = "not_offered"
    remedy = "Nothing to do; it is asked again once a day."


async def offered(answer: Awaitable[T], gone: str | None = None) -> T:
    """The answer of an endpoint that a deployment may lack. A list: raises NotOffered for a 404.
    Of one thing, whose own error code is `gone`: NoDataYet for that code, and NotInPlan for
    any other 404, which ends the asking one by one."""
    try:
        return await answer
    except NotFound as error:
        kind = NoDataYet if error.code == gone else NotInPlan
        kind = NotOffered if gone is None else kind
        raise kind(error.message, status=error.status, request_id=error.request_id) from error

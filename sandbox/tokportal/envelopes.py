"""How payloads are wrapped. A dialect of the API differs here and in `shapes`, nowhere else."""

from typing import Any

from sandbox.answers import Answer, json_answer

Json = dict[str, Any]


def wrapped(payload: Json) -> Answer:
    """The older paths put their payload under `data`."""
    return json_answer({"data": payload})


def bare(payload: Json) -> Answer:
    """Objects below /analytics stand at the top level, as the published example shows."""
    return json_answer(payload)


def rows(found: list[Json]) -> Answer:
    """A list without pages."""
    return json_answer({"data": found})


def paged(found: list[Json], page: int, per_page: int, total: int) -> Answer:
    """One page of a list."""
    pagination = {
        "page": page,
        "per_page": per_page,
        "total": total,
        "total_pages": -(-total // per_page),
    }
    return json_answer({"data": found, "pagination": pagination})

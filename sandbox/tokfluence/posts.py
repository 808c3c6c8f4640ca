"""GET /posts/{id} and its comments, from the index alone."""

from sandbox.answers import Answer, json_answer
from sandbox.tokfluence import shapes
from sandbox.tokfluence.call import Call
from sandbox.tokfluence.errors import not_found
from sandbox.tokfluence.index import Entry


def get_post(call: Call) -> Answer:
    """GET /posts/{id}."""
    return json_answer({"data": shapes.post(_entry(call))})


def list_comments(call: Call) -> Answer:
    """GET /posts/{id}/comments: oldest first, in the later dialect newest first."""
    remarks = _entry(call).remarks()
    if call.later:
        remarks.reverse()
    page, next_cursor = call.page(remarks)
    meta = {"total": len(remarks), "next_cursor": next_cursor}
    return json_answer({"data": [shapes.comment(one) for one in page], "meta": meta})


def _entry(call: Call) -> Entry:
    entry = call.index.find(call.args["id"], call.now)
    if entry is None:
        raise not_found("post")
    return entry

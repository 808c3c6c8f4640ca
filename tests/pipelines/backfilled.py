"""What tests of backfills share: what the next sync goes by, and what a run asked."""

import base64
import json
import zlib

LATE = {"SOURCES__TOKPORTAL__START_DATE": "2026-05-22"}  # worlds end on 2026-05-28


def forward(project):
    """Cursors of syncs: dlt's state, marks of posts, and how streams stand."""
    states = project.query(
        "select state from _dlt_pipeline_state order by version desc, created_at desc limit 1"
    )
    content = json.loads(zlib.decompress(base64.b64decode(states[0][0])))
    marks = project.query("select * from post_marks order by all")
    status = project.query("select * from sync_account_status order by all")
    return content["sources"]["tokportal"]["tenants"], marks, status


def requests_of(ran):
    return sum(provider["requests"] for provider in ran.result["providers"].values())


def asked(sandbox):
    """Requests since the count was begun anew: path and query of each."""
    entries = sandbox.log()[-sandbox.requests()["total"] :]
    return [(entry["path"], entry["query"]) for entry in entries]

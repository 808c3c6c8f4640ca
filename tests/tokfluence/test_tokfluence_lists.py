"""Lists of Tokfluence: rows without an id, handles in place of ids, rows that are gone."""

import pytest
from tokfluence_extract import Memory, extract

CAMPAIGN = "4711"
CREATORS = f"/campaigns/{CAMPAIGN}/influencers"


@pytest.fixture
def read(sandbox):
    """Reads the campaign two days after the last time; rejects, rows there and the newest proof."""
    memory = Memory()

    def once():
        sandbox.advance(days=2)
        ran = extract(sandbox, memory, campaign_ids=CAMPAIGN, streams=("campaigns",))
        there = [r for r in memory.rows["campaign_creators"].values() if r["removed_at"] is None]
        newest = max(memory.rows["sync_completeness"].values(), key=lambda row: row["fetched_at"])
        return ran, {row["username"] for row in there}, newest

    return once


def test_a_creator_without_an_id_is_known_by_the_handle(read, fault, sandbox):
    """Rows `{creator_handle, posts_count, fee_cents}` land, and count as landed because they do."""
    names = (("username", "creator_handle"), ("tracked_posts_count", "posts_count"))
    rows = sandbox._http.get(
        f"{sandbox.url}/v1{CREATORS}", headers={"Authorization": "Bearer tkf_sandbox_lists"}
    ).json()["data"]
    patches = [{"pointer": "data.*.creator_id", "drop": True}]
    for number, row in enumerate(rows):
        for old, new in names:
            value = f'"{row[old]}"' if isinstance(row[old], str) else str(row[old])
            patches.append({"pointer": f"data.{number}.{new}", "json": value})
    patches += [{"pointer": f"data.*.{old}", "drop": True} for old, _ in names]
    fault("patch", CREATORS, patches=patches, times=None)

    ran, there, proof = read()

    assert ran.errors == []
    assert ran.run.scope.notes.rejects == {}
    assert there == {row["username"] for row in rows}
    counts = {row["username"]: row["tracked_posts_count"] for row in ran.rows("campaign_creators")}
    assert counts == {row["username"]: row["tracked_posts_count"] for row in rows}
    assert (proof["status"], proof["landed"]) == ("proven", proof["expected"])


def test_only_a_complete_list_removes_a_creator(read, fault, sandbox):
    """A creator leaves: not while another row cannot be read, then at once; and returns."""
    _, before, proof = read()
    assert proof["status"] == "proven"
    leaves = {"pointer": "data.0", "drop": True}
    names = [{"pointer": f"data.0.{name}", "drop": True} for name in ("creator_id", "username")]
    total = {"pointer": "meta.total", "json": str(len(before) - 1)}

    fault("patch", CREATORS, patches=[leaves, *names, total], times=None)
    ran, there, proof = read()
    assert [r.column for r in ran.run.scope.notes.rejects.values()] == ["creator_id"]
    assert (there, proof["status"], proof["rejected"]) == (before, "unproven", 1)

    sandbox.clear_faults()
    fault("patch", CREATORS, patches=[leaves, total], times=None)
    _, there, proof = read()
    assert (len(there), proof["status"]) == (len(before) - 1, "proven")

    sandbox.clear_faults()
    assert read()[1] == before


def test_comments_without_an_id_are_rejected_and_read_again(sandbox, many, fault):
    """The provider documents an id: nothing else stands for it."""
    memory = Memory()
    fault(
        "patch", f"/posts/{many}/comments", patches=[{"pointer": "data.3.comment_id", "drop": True}]
    )

    spoilt = extract(sandbox, memory, post_ids=many)
    (proof,) = [r for r in spoilt.rows("sync_completeness") if r["stream"] == "comments"]
    sandbox.clear_faults()
    healed = extract(sandbox, memory, post_ids=many)

    (rejects,) = spoilt.run.scope.notes.rejects.values()
    assert (rejects.table, rejects.column) == ("comments", "comment_id")
    assert (proof["status"], proof["rejected"]) == ("unproven", 10)  # one of each page
    assert healed.asked("/posts/{id}") == 0
    assert len(memory.rows["comments"]) == 1900
    assert not [key for (key,) in memory.rows["comments"] if key.startswith("sha256:")]

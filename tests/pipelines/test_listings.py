"""Who is gone, and who only was not shown: a removal needs complete listings."""

import pytest
from oracle import Truth, differences

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=11, posts=40, days=10)


@pytest.fixture(scope="module")
def story(sandbox, project, truth):
    """Five syncs of one portfolio, an hour apart; what is marked removed after each.

    Account A leaves, stays away for two listings and returns. Account B leaves and returns in
    turn, so that no two listings in a row lack it. Post P is deleted and restored.
    """
    a, b = sandbox.account("quiet"), sandbox.account("public")
    post = sandbox.get(f"/analytics/accounts/{sandbox.account('giant')}")["posts"][0]
    p = post["tracked_post_id"]
    told = []
    for leaving, coming in [([], []), ([a, b], []), ([], [b]), ([b], [a]), ([], [b])]:
        for account in leaving:
            sandbox.edit("remove_account", id=account)
        for account in coming:
            sandbox.edit("restore_account", id=account)
        if told:
            sandbox.edit("delete_post" if len(told) < 3 else "restore_post", id=p)
        sandbox.advance(hours=1)
        ran = project.sync()
        truth.observe()
        found = differences(truth, project.warehouse)
        told.append((ran, removed(project, "accounts"), removed(project, "tracked_posts"), found))
    return a, b, p, told


def test_account_is_removed_after_two_listings_without_it_and_returns(story):
    """One listing may lie; two in a row do not. Who returns is listed at once."""
    a, _, _, told = story

    assert [a in accounts for _, accounts, _, _ in told] == [False, False, True, False, False]


def test_account_missing_every_other_time_is_not_removed(story):
    """Listed, missing, listed, missing: never two listings in a row without it."""
    _, b, _, told = story

    assert [b in accounts for _, accounts, _, _ in told] == [False] * 5


def test_deleted_post_is_marked_and_a_restored_one_is_listed_again(story):
    """A complete drilldown without the post marks it at once; its history stays."""
    _, _, p, told = story

    assert [p in posts for _, _, posts, _ in told] == [False, True, True, False, False]


def test_comings_and_goings_end_in_the_truth(story):
    """Every sync of the five ended well and left what the truth says."""
    _, _, _, told = story

    assert [(ran.code, found) for ran, _, _, found in told] == [(0, [])] * 5


def test_listings_shorter_than_their_total_remove_nothing(story, sandbox, project):
    """Half a page, then none: what does not add up to its own total proves nothing, twice."""
    ended = []
    for kind in ("short_rows", "empty_rows"):
        sandbox.fault(kind, "/accounts")
        ended.append(project.sync())
        sandbox.clear_faults()

    proofs = [completeness(project, ran, "accounts") for ran in ended]
    assert [ran.code for ran in ended] == [3, 3]
    assert removed(project, "accounts") == set()
    assert not any("proven" in proof for proof in proofs)
    assert project.query("select distinct remedy is not null from sync_errors") == [(True,)]


def test_drilldown_shorter_than_its_count_removes_no_post(story, sandbox, project, truth):
    """The drilldown says how many posts there are: the rest is asked, and nobody is gone."""
    sandbox.fault("short_rows", f"/analytics/accounts/{sandbox.account('giant')}")
    sandbox.fault("empty_rows", f"/analytics/accounts/{sandbox.account('busy')}")
    before = removed(project, "tracked_posts")

    project.sync()

    sandbox.clear_faults()
    assert removed(project, "tracked_posts") == before
    assert project.sync().code == 0
    truth.observe()
    assert differences(truth, project.warehouse) == []


def test_listing_that_shrinks_by_more_than_a_fifth_removes_nothing(story, sandbox, project):
    """Half a portfolio gone at once is reported and not believed, though the totals agree."""
    for account in sandbox.accounts()[-3:]:
        sandbox.edit("remove_account", id=account)

    ended = [project.sync() for _ in range(2)]

    codes = {error["code"] for ran in ended for error in ran.result["errors"]}
    assert [ran.code for ran in ended] == [3, 3]
    assert codes == {"portfolio_shrank"}
    assert removed(project, "accounts") == set()


def test_page_that_repeats_once_is_walked_again(new_sandbox, new_project):
    """Page 2 serves page 1: the walk does not add up and is repeated, to the truth."""
    sandbox = new_sandbox(accounts=104, posts=0, days=3)
    project, truth = new_project(sandbox), Truth(sandbox.url)
    sandbox.fault("repeat_page", "/accounts", query={"page": "2"}, times=1)

    ran = project.sync()

    truth.observe()
    assert ran.code == 0
    assert completeness(project, ran, "accounts") == {"proven"}
    assert differences(truth, project.warehouse) == []


def test_page_that_repeats_for_ever_ends_and_is_said(new_sandbox, new_project):
    """The walk stops, what was found lands, and the rest is not proven."""
    sandbox = new_sandbox(accounts=104, posts=0, days=3)
    project = new_project(sandbox)
    sandbox.fault("repeat_page", "/accounts", query={"page": "2"})

    ran = project.sync()

    assert ran.code == 3
    assert "proven" not in completeness(project, ran, "accounts")
    assert project.query("select count(*) from accounts") == [(100,)]


def test_ties_at_the_edge_of_a_raw_page_are_all_read(new_sandbox, new_project):
    """The last rows of a full page share their moment with rows behind it: none is stepped over."""
    sandbox = new_sandbox(accounts=6, posts=0, days=10)
    project = new_project(sandbox)
    path = f"/analytics/accounts/{sandbox.account('hourly')}/raw"
    edge = sandbox.get(path, limit=30)["data"][24]["captured_at"]
    patches = [{"pointer": f"data.{n}.captured_at", "json": f'"{edge}"'} for n in range(25, 30)]
    sandbox.fault("patch", path, times=1, patches=patches)

    ran = project.sync()

    served = {row["snapshot_id"] for row in sandbox.control("GET", "/truth/account_raw_snapshots")}
    held = {i for (i,) in project.query("select snapshot_id from account_raw_snapshots")}
    assert ran.code == 0
    assert len(served) > 240
    assert held == served


def removed(project, table):
    """Keys of the rows that are marked removed; the key is the first column declared."""
    key = {"accounts": "account_id", "tracked_posts": "tracked_post_id"}[table]
    return {k for (k,) in project.query(f"select {key} from {table} where removed_at is not null")}


def completeness(project, ran, stream):
    """What a run says of a stream: proven, moved_during_read, unproven …"""
    rows = project.query(
        "select distinct status from sync_completeness where run_id = ? and stream = ?",
        ran.result["run_id"],
        stream,
    )
    return {status for (status,) in rows}

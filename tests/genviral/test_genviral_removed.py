"""Posts made through Genviral are compared with their total; what is gone is marked."""

import pytest

SELECT = ("-s", "genviral.targets,genviral.posts,genviral.published_posts")


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=10, posts=420, days=60)


@pytest.fixture(scope="module")
def project(sandbox, new_genviral):
    return new_genviral(sandbox)


def synced(sandbox, project):
    sandbox.advance(hours=2)
    return project.sync(*SELECT, SYNC__BATCH_ACCOUNTS="2").code


def proofs(project):
    sql = "select status, expected, landed from sync_completeness where stream = 'published_posts'"
    return project.query(f"{sql} order by fetched_at desc limit 1")


def served(sandbox, table="published_posts", key="post_id"):
    return {row[key] for row in sandbox.control("GET", f"/truth/genviral/{table}")}


def held(project, table="published_posts", key="post_id", where="removed_at is null"):
    return {value for (value,) in project.query(f"select {key} from {table} where {where}")}


def test_a_total_that_does_not_fit_is_read_in_full(sandbox, project):
    """Accounts are added whose posts are older than the weeks that are read at every sync, and two
    posts are deleted: a day later all of it is right, long before the full reading is due."""
    assert synced(sandbox, project) == 0
    assert len(served(sandbox)) > 100, "one answer holds them all: the test shows nothing"
    gone = sorted(served(sandbox))[:2]
    for account in range(2):
        sandbox.edit("add_account")
        sandbox.edit("genviral_delete_created", post_id=gone[account])

    assert synced(sandbox, project) == 0

    assert held(project) == served(sandbox)
    assert held(project, where="removed_at is not null") == set(gone)
    assert not held(project, "published_post_accounts") & set(gone)
    ((status, expected, landed),) = proofs(project)
    assert (status, expected) == ("proven", landed)


def test_a_quiet_hour_costs_no_full_reading(sandbox, project):
    sandbox.count_anew("genviral")

    assert synced(sandbox, project) == 0

    assert sandbox.requests("genviral")["by_route"]["GET /posts"] < 8


def test_a_row_without_an_id_removes_nothing(sandbox, project):
    """And the stream is asked again at the next run, where nothing else is due."""
    gone = sorted(served(sandbox))[0]
    sandbox.edit("genviral_delete_created", post_id=gone)
    patch = [{"pointer": "data.posts.0.id", "drop": True}]
    sandbox.fault("patch", "/posts", provider="genviral", patches=patch)

    code = synced(sandbox, project)

    sandbox.clear_faults()
    assert code == 3
    assert gone in held(project)
    assert project.sync(*SELECT).code == 0
    assert held(project) == served(sandbox)


def test_posts_leave_and_return_with_their_target(sandbox, project):
    (target,) = sorted(held(project, "targets", "target_id"))[:1]
    sandbox.edit("genviral_remove_target", target_id=target)

    codes = [synced(sandbox, project), synced(sandbox, project)]
    gone = held(project, "posts", "target_id", "removed_at is not null")
    sandbox.edit("genviral_restore_target", target_id=target)
    codes.append(synced(sandbox, project))

    assert codes == [0, 0, 0]
    assert gone == {target}
    assert held(project, "targets", "target_id", "removed_at is not null") == set()
    assert held(project, "posts", "analytics_id") == served(sandbox, "posts", "analytics_id")
    assert project.social("verify").code == 0


@pytest.mark.parametrize("total", ['"many"', "3"])
def test_a_listing_of_targets_with_another_total_removes_none(sandbox, new_genviral, total):
    """The limit on shrinking would hide it, so it is lifted."""
    project = new_genviral(sandbox, SOURCES__GENVIRAL__SHRINK_LIMIT="1")
    select = ("-s", "genviral.targets")
    assert project.sync(*select).code == 0
    (target,) = sorted(held(project, "targets", "target_id"))[:1]
    sandbox.edit("genviral_remove_target", target_id=target)
    patch = [{"pointer": "data.total", "json": total}]
    sandbox.fault("patch", "/analytics/targets", provider="genviral", patches=patch)

    for _ in range(3):
        project.sync(*select)

    sandbox.clear_faults()
    sandbox.edit("genviral_restore_target", target_id=target)
    assert held(project, "targets", "target_id", "removed_at is not null") == set()

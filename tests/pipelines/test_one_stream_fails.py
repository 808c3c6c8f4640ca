"""A stream that fails alone: its cursor stays, and what it missed comes with the next run."""

import pytest
from oracle import Truth, differences

# After a pause of 25 days the drilldown shows the last nine: the series alone has those before.
DRILLDOWN = "/analytics/accounts/[^/]+"
CAPPED = [{"pointer": "daily_series.0", "drop": True}] * 40
PAUSE = 25
STREAMS = {
    "daily_series": "/analytics/series",
    "account_raw_snapshots": "/analytics/accounts/[^/]+/raw",
    "post_raw_snapshots": "/analytics/posts/[^/]+/raw",
    "comments": "/analytics/accounts/[^/]+/comments",
    "drilldown": DRILLDOWN,
    "bundles": "/bundles",
}
# What it shows is replaced by what is newer: nobody can read the audience of yesterday today.
OF_A_MOMENT = ("drilldown",)


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=3, posts=12, days=24)


def test_each_stream_fails_once_alone_and_nothing_is_missing_in_the_end(sandbox, new_project):
    """The run says so with exit 3; the streams beside it are complete."""
    project, truth = new_project(sandbox), Truth(sandbox.url)
    assert project.sync().code == 0
    truth.observe()
    for stream, path in STREAMS.items():
        sandbox.advance(days=PAUSE if stream == "daily_series" else 1)
        sandbox.fault("status", path, status=422)
        sandbox.fault("patch", DRILLDOWN, patches=CAPPED)

        ran = project.sync()

        assert ran.code == 3
        assert {error["stream"] for error in ran.result["errors"]} == {stream}
        if stream not in OF_A_MOMENT:
            truth.observe()
        sandbox.clear_faults()
    sandbox.fault("patch", DRILLDOWN, patches=CAPPED)

    assert project.sync().code == 0

    assert differences(truth, project.warehouse) == []
    assert project.social("verify").code == 0

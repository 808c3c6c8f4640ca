"""Whose a post is: its bundle's, else its account's, else its own reference's, everywhere alike."""

import re
import shutil
from pathlib import Path

import pytest
from golden_world import loaded, put

from sources import tokportal

ROOT = Path(__file__).resolve().parent.parent.parent
RULES = ROOT / ".dlt" / "example.clients.toml"
ENGINES = ("duckdb", pytest.param("postgres", marks=pytest.mark.slow))
CLIPS = [f"acme-clip-{number:02d}" for number in range(1, 17)]
BUNDLES = {"acme": "acme-spring-2026-us", "kite": "kite-fall-fr"}
# account → its reference; post → account, bundle, the clip's reference in it, the post's own
ACCOUNTS = {"A": None, "L": "luna-may", "N": None}
POSTS = {
    # The vendor's page: one bundle of clips. Half of the posts carry the clip's reference as well.
    **{clip: ("A", "acme", clip, clip if n % 2 else None) for n, clip in enumerate(CLIPS)},
    "luna": ("L", None, None, None),
    "kite": ("L", "kite", None, "luna-clip-1"),
    "own": ("N", None, None, "acme-clip-99"),
    "unknown": ("N", None, None, "zeta-9"),
    "none": ("N", None, None, None),
}
# What is to be said of each, after the shipped rules: client, campaign, whose reference decided.
BELONGS = {
    **dict.fromkeys(CLIPS, ("Acme", "spring-2026", "bundle")),
    "luna": ("Luna", "launch", "account"),
    "kite": (None, "kite-fall-fr", "bundle"),
    "own": ("Acme abroad", None, "external_ref"),
    "unknown": (None, None, None),
    "none": (None, None, None),
}
WHOSE = """
select posts.tracked_post_id, campaigns.client_ref, campaigns.name, bridge.match_method,
    latest.views
from dim_post as posts
join rollup_report as latest on latest.post_key = posts.post_key
left join bridge_post_campaign as bridge on bridge.post_key = posts.post_key
left join dim_campaign as campaigns on campaigns.campaign_key = bridge.campaign_key
"""


def fill(warehouse, rules):
    """The posts, and their references mapped by rules as a sync does it."""
    warehouse.prepare("tokportal", tokportal.TABLES)
    known = [{"account_id": one, "external_ref": ref} for one, ref in ACCOUNTS.items()]
    put(warehouse, "accounts", known)
    posts, videos = [], []
    for number, (post, (account, bundle, clip, own)) in enumerate(POSTS.items(), 1):
        ids = {"tracked_post_id": post, "account_id": account, "external_ref": own}
        posts.append({**ids, "video_id": f"v-{post}" if bundle else None, "views": number})
        if bundle:
            place = {"bundle_id": bundle, "position": number, "video_id": f"v-{post}"}
            videos.append({**place, "external_ref": clip})
    put(warehouse, "tracked_posts", posts)
    put(warehouse, "bundle_videos", videos)
    refs = [{"bundle_id": bundle, "external_ref": ref} for bundle, ref in BUNDLES.items()]
    put(warehouse, "bundles", refs)
    map_references(warehouse, rules)
    loaded(warehouse, "1")


def map_references(warehouse, rules):
    parsed = tokportal.parse_clients(rules)
    own = {ref for _, _, *refs in POSTS.values() for ref in refs}
    rows = []
    for reference in (own | set(ACCOUNTS.values()) | set(BUNDLES.values())) - {None}:
        rule = next((one for one in parsed if one.client_of(reference)), None)
        client, campaign = rule.client_of(reference) if rule else (None, None)
        row = {"client": client, "campaign": campaign, "pattern": rule.pattern if rule else None}
        rows.append({"external_ref": reference, **row})
    put(warehouse, "clients", rows)


@pytest.fixture(scope="module", params=ENGINES)
def world(new_marts, request):
    made = new_marts(request.param)
    made.rules = made.project.folder / ".dlt" / "clients.toml"
    shutil.copy(RULES, made.rules)
    made.write(lambda warehouse: fill(warehouse, RULES.read_text()))
    made.built = made.transform()
    assert made.built.code == 0, made.built.stderr
    return made


def test_bundle_before_account_before_the_posts_own_reference(world):
    """All clips of the bundle are in its campaign; a bundle without a rule is its own campaign and
    does not fall to the client of the account; an own reference makes no campaign."""
    found = {post: tuple(rest) for post, *rest, _ in world.query(WHOSE)}

    assert found == BELONGS


def test_a_clip_keeps_its_own_name(world):
    clips = dict(world.query("select tracked_post_id, clip_ref from dim_post"))

    assert clips == {post: clip or own for post, (_, _, clip, own) in POSTS.items()}


def test_the_readme_of_the_provider_gives_the_same_answer(world):
    readme = (ROOT / "sources" / "tokportal" / "README.md").read_text()
    _, by_campaign = re.findall(r"```sql\n(.*?)```", readme, re.DOTALL)
    sums = f"select client_ref, name, count(*), sum(views) from ({WHOSE}) as whose group by 1, 2"

    def answer(sql):
        return sorted(([*whose, int(views)] for *whose, views in world.query(sql)), key=str)

    assert answer(by_campaign) == answer(sums)


def test_a_transform_counts_the_posts_of_each_rule(world):
    """On stderr, with how many no rule catches and which references these have."""
    lines = [line.split(maxsplit=2) for line in world.built.messages if " posts  " in line]

    assert [(int(count), rest) for count, _, rest in lines] == [
        (16, "acme-*-us  (Acme)"),
        (1, "acme-*  (Acme abroad)"),
        (1, "luna-*  (Luna)"),
        (3, "caught by no rule; 1 of them have no reference; references: 'kite-fall-fr', 'zeta-9'"),
    ]
    assert not [line for line in world.built.messages if "WARN" in line]


def test_rules_are_tried_without_building(world):
    """A file that is not in use yet: its counts, and a warning for a rule that catches nothing."""
    new = world.project.folder / "new.toml"
    new.write_text(
        '[[clients]]\npattern = "kite-*"\nclient = "Kite"\n'
        '[[clients]]\npattern = "acme-clip-0*"\nclient = "Clips"\n'
    )
    before = world.everything()

    used = world.project.social("clients", "check", "--json").result
    tried = world.project.social("clients", "check", str(new))

    counts = {rule["pattern"]: rule["posts"] for rule in used["rules"]}
    assert counts == {"acme-*-us": 16, "acme-*": 1, "luna-*": 1}
    assert (used["uncaught_posts"], used["posts_without_reference"]) == (3, 1)
    assert tried.code == 0
    assert "1 posts  kite-*  (Kite)" in tried.stdout
    assert "20 posts  caught by no rule" in tried.stdout
    (warning,) = tried.messages
    assert "'acme-clip-0*' (Clips) catches no post" in warning
    assert world.everything() == before


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[clients]\n", "not TOML"),
        ('[[clients]]\npattern = "a-*"\nclient = "A"\ncampaign = "{2}"\n', "rule 1"),
        (None, "there is no file"),
    ],
)
def test_a_wrong_file_is_refused(world, text, says):
    path = world.project.folder / "wrong.toml"
    path.unlink(missing_ok=True)
    if text is not None:
        path.write_text(text)

    ran = world.project.social("clients", "check", str(path))

    assert ran.code == 2
    assert says in ran.stderr


def test_a_check_without_a_warehouse_says_so(new_project):
    project = new_project()
    shutil.copy(RULES, project.folder / ".dlt" / "clients.toml")

    ran = project.social("clients", "check")

    assert ran.code == 6
    assert "social sync" in ran.stderr


def test_without_rules_no_campaign_is_a_clip(world):
    """Last of the module: it takes the rules away, as a sync without the file stores it."""
    rules = world.rules.read_text()
    world.rules.write_text('[[clients]]\npattern = "nobody-*"\nclient = "Nobody"\n')
    assert "has changed since the last sync" in world.transform().stderr

    def forget(warehouse):
        map_references(warehouse, "")
        loaded(warehouse, "2")

    world.write(forget)
    world.rules.unlink()
    ran = world.transform()

    assert ran.code == 0, ran.stderr
    assert "caught by no rule" not in ran.stderr
    assert sorted(world.query("select name, client_ref, posts from dim_campaign")) == [
        ("acme-spring-2026-us", None, 16),
        ("kite-fall-fr", None, 1),
        ("luna-may", None, 1),
    ]
    world.rules.write_text(rules)

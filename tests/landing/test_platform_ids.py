"""The platform's own id of a post: one kind of id per platform, or none."""

import pytest

from sources.landing.platform_ids import platform_post_id

ID = "7300000000000000001"


@pytest.mark.parametrize(
    ("url", "found"),
    [
        (f"https://www.tiktok.com/@who/video/{ID}", ID),
        (f"https://m.tiktok.com/v/{ID}.html", ID),
        (f"https://www.tiktok.com/embed/v2/{ID}", ID),
        ("https://vm.tiktok.com/ZMabcdef/", None),
        ("https://www.tiktok.com/t/ZTabcdef/", None),
        ("https://www.instagram.com/p/C8abcDEF123/", None),
        ("https://www.instagram.com/who/reel/C8abcDEF123/", None),
        (f"https://www.instagram.com/p/{ID}/", None),
        ("https://www.youtube.com/shorts/abcDEF12_-4", "abcDEF12_-4"),
        ("https://www.youtube.com/watch?v=abcDEF12_-4&t=3", "abcDEF12_-4"),
        ("https://youtu.be/abcDEF12_-4?si=x", "abcDEF12_-4"),
        ("https://www.youtube.com/embed/videoseries?list=PL1", None),
        ("https://www.youtube.com/@who/shorts", None),
        ("https://youtu.be/too-short", None),
        (f"https://www.facebook.com/watch/?v={ID}", None),
        (f"https://x.com/who/status/{ID}", None),
    ],
)
def test_an_address_tells_an_id_only_where_it_is_the_kind_that_providers_say(url, found):
    """A shortcode of Instagram beside the numbers of other rows would join with nothing."""
    assert platform_post_id(url) == found

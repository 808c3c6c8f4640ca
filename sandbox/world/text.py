"""Names, captions and comments, some of them hostile to whoever stores or shows them."""

from random import Random

COUNTRIES = ("US", "GB", "FR", "DE", "BR", "JP", "MX", "ID")
CITIES = ("London", "São Paulo", "東京", "New York", "Paris", "Berlin", "Jakarta", "Łódź")

# Each of these has broken a loader, a spreadsheet or a terminal somewhere.
HOSTILE = (
    "family 👩‍👩‍👧‍👦 day 🏳️‍🌈",
    "price \u202egnp.exe\u202c now",
    "nul\u0000inside",
    "=cmd()|'/C calc'!A0",
    "'; drop table posts; --",
    'she said "no", then, "yes"\nnew line\r\nand\ttab',
    "back\\slash \\u0000 not an escape \\N",
    "<script>alert(1)</script> & &amp;",
    "e\u0301 is not é, \u00a0nbsp, \u200bzero width, \ufeffbom",
    "{{ jinja }} ${HOME} %s %(x)s {0}",
    "NULL",
    "",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 \U0001f9d1\u200d\U0001f680",
    "trailing space ",
)

_OPENINGS = ("Trying", "Unboxing", "Day in my life with", "Honest review of", "How I use", "POV:")
_THINGS = ("the new serum", "a 3-minute lunch", "this planner", "my desk setup", "the gym bag")
_TAGS = ("#fyp", "#ad", "#morning", "#smallbiz", "#ootd", "#learnontiktok")
_REPLIES = (
    "love this",
    "where did you get it?",
    "part 2 please",
    "not for me tbh",
    "😂😂😂",
    "est-ce que ça marche vraiment ?",
    "これ欲しい",
    "link??",
)
_WORDS = ("acme", "luna", "nova", "kite", "moss", "ember", "tide", "pixel", "sage", "juno")


def caption(draw: Random) -> str | None:
    """A post's text: mostly ordinary, one in twelve hostile, one in a hundred missing."""
    luck = draw.random()
    if luck < 0.01:
        return None
    if luck < 0.09:
        return draw.choice(HOSTILE)
    return f"{draw.choice(_OPENINGS)} {draw.choice(_THINGS)} {draw.choice(_TAGS)}"


def remark(draw: Random) -> str:
    """A comment's text."""
    return draw.choice(HOSTILE if draw.random() < 0.08 else _REPLIES)


def username(draw: Random) -> str:
    """A handle, not necessarily unique: handles are not keys."""
    return f"{draw.choice(_WORDS)}.{draw.choice(_WORDS)}{draw.randrange(10_000)}"


def display_name(draw: Random) -> str:
    """The name above the profile; one in fifteen hostile."""
    if draw.random() < 1 / 15:
        return draw.choice([text for text in HOSTILE if text])
    return f"{draw.choice(_WORDS).title()} {draw.choice(_WORDS).title()}"

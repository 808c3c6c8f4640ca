"""Values that stand where a secret has yet to be filled in."""

from __future__ import annotations

import re

_PREFIX = re.compile(r"^(sk|gva|tkf|whsec)(_live|_test)?_")
_TEMPLATE = re.compile(r"<[^>]*>|\$\{|\{\{|^\$\w+$|^%\w+%$|…|\.{3}")
_WORDS = re.compile(
    r"change[-_ ]?(me|it)|(replace|fill|put|insert|enter|paste|add)[-_ ]?(me|this|it|in|here|your)"
    r"|your[-_ ]?(own[-_ ]?)?(\w+[-_ ]?)?(key|token|secret)"
    r"|(key|token|secret)[-_ ]?(goes[-_ ]?)?here|placeholder"
)
_NOTHING = re.compile(
    r"(my|the|an?)?[-_ ]?(api[-_ ]?)?(key|token|secret)|todo|tbd|none|null|n/?a|example"
)


def is_placeholder(secret: str) -> bool:
    """Whether a text is no secret but holds the place of one: empty, `<key>`, `sk_…`, one character
    repeated (`sk_0000`, `xxxx`), `your-key`, `changeme`, or a variable that nothing replaced."""
    text = secret.strip().strip("\"'").casefold()
    rest = re.sub(r"[^0-9a-z]", "", _PREFIX.sub("", text))
    repeated = not rest or (len(rest) > 2 and len(set(rest)) == 1)
    return (
        repeated
        or _TEMPLATE.search(text) is not None
        or _WORDS.search(text) is not None
        or _NOTHING.fullmatch(_PREFIX.sub("", text)) is not None
    )

"""The emulated providers: where each is served, and what its keys look like.

The real ones live on three hosts; here three base paths share one port.
"""

import re
from dataclasses import dataclass
from typing import Final

from sandbox.settings import TIERS


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider. A key's `label` says whose it is, its `tier` what it may read."""

    name: str
    base_path: str
    key: re.Pattern[str]


TOKPORTAL: Final = Provider(
    "tokportal",
    "/api/ext",
    re.compile(rf"sk_sandbox_(?P<tier>{'|'.join(TIERS)})(?:_(?P<label>\w+))?", re.ASCII),
)
GENVIRAL: Final = Provider(
    "genviral",
    "/api/partner/v1",
    re.compile(r"gva_sandbox_(?P<label>\w+)\.(?P<secret>\w+)", re.ASCII),
)
TOKFLUENCE: Final = Provider(
    "tokfluence", "/v1", re.compile(r"tkf_sandbox_(?P<label>\w+)", re.ASCII)
)

PROVIDERS: Final = {one.name: one for one in (TOKPORTAL, GENVIRAL, TOKFLUENCE)}

"""The page: one file that asks nothing of anybody; its policy allows one style sheet, by hash."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from . import written
from .branding import Branding
from .query import Kind
from .scope import Scope
from .sections import Section

_HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Page:
    """What is shown. `as_of`: the newest reading; `warnings` come before everything."""

    scope: Scope
    as_of: datetime
    warnings: Sequence[str]
    sections: Sequence[Section]
    branding: Branding

    @property
    def title(self) -> str:
        """The client on its own page, else the configured title."""
        return written.clean(self.scope.client or self.branding.title or "Social accounts")

    @property
    def publisher(self) -> str:
        """Who sends the page: stands above the client's name."""
        return written.clean(self.branding.title)

    @property
    def logo(self) -> str:
        return self.branding.logo

    def html(self) -> str:
        """The same bytes for the same warehouse and days."""
        style = (_HERE / "page.css").read_text()
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        return _template().render(
            page=self,
            period=self.scope.period,
            style=Markup(style),  # noqa: S704  (our own file)
            policy=f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:;"
            " base-uri 'none'; form-action 'none'",
        )


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals |= {
        "cell": written.cell,
        "machine": written.machine,
        "data": written.data,
        "day": lambda value: written.written(value, Kind.day),
        "moment": written.moment,
        "short": written.short,
        "direction": written.direction,
        "Kind": Kind,
    }
    environment.filters |= {"clean": written.clean, "coded": written.coded}
    return environment.get_template("template.html.j2")

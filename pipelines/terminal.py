"""Tables and lines for people: nothing in the text can be an order to the terminal.

Captions, names, comments and error messages come from other people. A control character in them
could move the cursor, change the title or the clipboard, or turn the reading direction; square
brackets could be taken for rich's markup.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.segment import Segment

from sources.http.redaction import neutral


class PlainConsole(Console):
    """A console of rich that takes text as text: no markup, no emoji codes, no control characters.

    rich's own sequences (colours, moving up) are made after this point and stay.
    """

    def __init__(self, *, stderr: bool = False, width: int | None = None) -> None:
        super().__init__(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)

    def _render_buffer(self, buffer: Iterable[Segment]) -> str:
        return super()._render_buffer(
            segment if segment.control else segment._replace(text=neutral(segment.text))
            for segment in buffer
        )

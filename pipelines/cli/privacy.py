"""`social forget`."""

from __future__ import annotations

from typing import Annotated

import typer

from ..exits import Exit, usage
from .flags import AsJson, Target, Verbose, Wait, Where, Yes, days, seconds
from .frame import agree, command, guarded, print_json, say


@command("Check and mend")
def forget(
    author: Annotated[
        str | None, typer.Option(help="Erase the comments of this author, and the name.")
    ] = None,
    account: Annotated[
        str | None, typer.Option(help="Erase this account: its id, target id or handle.")
    ] = None,
    comments_older_than: Annotated[
        str | None, typer.Option(metavar="DAYS", help="Erase comments older than 400d.")
    ] = None,
    target: Where = Target.duckdb,
    wait: Wait = "0s",
    yes: Yes = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Erase personal data wherever it is kept, and keep it from coming back.

    Shows counts first. Erases from tables, payloads, rejects and marts, makes published copies
    again, deletes reports, and rewrites the files. Later syncs do not load the data again.
    """

    def run() -> Exit:
        from ..settings import prepare_dlt

        given = [author, account, comments_older_than]
        if sum(one is not None for one in given) != 1:
            raise usage(
                "name what to forget", "Give one of --author, --account, --comments-older-than."
            )
        older = days(comments_older_than) if comments_older_than else None
        prepare_dlt()
        from ..forget import ForgetRequest
        from ..forget import forget as run_forget

        request = ForgetRequest(author, account, older, target, seconds(wait))
        result = run_forget(request, lambda what: agree(what, yes), say)
        if as_json:
            print_json(result.as_json())
        say(result.last_line())
        return Exit.OK

    guarded(run, verbose)

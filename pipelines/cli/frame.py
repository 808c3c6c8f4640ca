"""The frame of the `social` command: every command ends in one exit code and one last line."""

from __future__ import annotations

import errno
import json
import sys
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

import typer

from .. import environment, standard_streams
from ..exits import Exit, Stop, usage
from .variables import SocialCommand, flags_from_variables

app = typer.Typer(
    name="social",
    help="Keeps a warehouse in step with TokPortal, Genviral and Tokfluence analytics.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a pretty traceback prints local variables, keys among them
    context_settings={"help_option_names": ["-h", "--help"]},
)

_Function = TypeVar("_Function", bound=Callable[..., Any])


def command(
    panel: str, cls: type[SocialCommand] = SocialCommand
) -> Callable[[_Function], _Function]:
    """A command of `social`, in a panel of `--help`. `cls` says how its variables are called."""
    return app.command(rich_help_panel=panel, cls=cls)


def guarded(run: Callable[[], Exit], verbose: bool, *, output_is_result: bool = False) -> None:
    """Every command ends here: one exit code, one last line on stderr, never a bare traceback.

    `output_is_result`: the command does nothing but print. When its output is lost, it has failed
    (exit 6). Otherwise the exit code is that of the work, whatever became of the output.
    """
    for note in environment.project_folder().notes():
        say(note)
    try:
        code = run()
    except Stop as stop:
        say(f"{stop.message}. {stop.remedy}{_flags_given(stop)}".strip())
        code = stop.code
    except KeyboardInterrupt:
        say("Interrupted. What was committed stays.")
        code = Exit.INTERRUPTED
    except Exception as error:
        code = _failed(error, verbose)
    lost = standard_streams.output_error()
    if lost is not None and lost.errno != errno.EPIPE:  # a reader that closes has enough
        say(f"The output could not be written to stdout: {lost.strerror}.")
        if output_is_result and code is Exit.OK:
            code = Exit.DESTINATION
    sys.exit(int(code))


def _flags_given(stop: Stop) -> str:
    """A value that a variable set is hard to find by a message that names the flag."""
    names = flags_from_variables() if stop.code is Exit.USAGE else []
    return f" Flags set by the environment: {', '.join(names)}." if names else ""


def _failed(error: Exception, verbose: bool) -> Exit:
    """What is wrong with this machine, in one line; any other error is a bug."""
    from ..destinations.errors import explain_system

    if verbose:
        say("".join(traceback.format_exception(error)))
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__) is not None and cause not in causes:  # some lead back
        causes.append(cause)
    cause = causes[-1]
    if stop := explain_system(cause):
        say(f"{stop.message}. {stop.remedy}")
        return stop.code
    first_line = (str(cause).splitlines() or [""])[0]
    say(
        f"A bug: {type(cause).__name__}: {first_line}."
        " What was committed is safe; run again with -v and report what it prints."
    )
    return Exit.BUG


def say(text: str) -> None:
    """Print a message for people on stderr."""
    from ..progress import safe

    typer.echo(safe(text), err=True)


def print_text(text: str) -> None:
    """Print a line for people on stdout."""
    from sources.http.redaction import neutral

    typer.echo(neutral(text))


def print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2, default=str))


def agree(what: str, yes: bool) -> None:
    """Raises Stop (usage) unless it was agreed to, beforehand or now."""
    say(f"{what}.")
    agreed = yes or (sys.stdin.isatty() and typer.confirm("Go on?", err=True))
    if not agreed:
        raise usage("nothing was sent: this must be agreed to", "Run it again with --yes.")

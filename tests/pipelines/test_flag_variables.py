"""Every flag is also SOCIAL_<FLAG>, derived from every option of every command."""

from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from pipelines.cli import app


def commands_of(group, *path):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands_of(command, *path, name)
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(commands_of(get_command(app)))
# What has to be given, so that it is the variable that is wrong.
ARGUMENTS = {"refresh": ["tokportal"], "query": ["select 1"]}
DAYS = {"SOCIAL_SINCE": "2026-01-01", "SOCIAL_UNTIL": "2026-02-01"}
# Texts of a form that only the command itself knows.
DAY_FLAGS = ("since", "until")
OF_A_FORM = {"max_age", "shard", "wait", "chunk", "debounce"}


def options():
    for name, command in COMMANDS.items():
        for option in command.params:
            if option.param_type_name == "option":
                for flag in (flag for flag in option.opts if flag.startswith("--")):
                    prefix = "SOCIAL_SANDBOX" if name == "sandbox" else "SOCIAL"
                    variable = f"{prefix}_{flag[2:].replace('-', '_').upper()}"
                    yield pytest.param(name, option, variable, id=f"{name} {flag}")


def is_text(option):
    return option.multiple or option.type_descriptor.annotation in (str, Path)


def valid(option):
    """A value, and what a command makes of it."""
    if option.is_flag:
        return "1", True
    if option.type_descriptor.is_choice:
        last = list(option.type_descriptor.annotation)[-1]
        return last.value, last
    return ("7", "7") if is_text(option) else ("7", 7)


@pytest.mark.parametrize(("command", "option", "variable"), list(options()))
def test_a_flag_can_be_set_by_the_variable_of_its_name(command, option, variable, monkeypatch):
    value, means = valid(option)
    for name, day in (DAYS | {variable: value}).items():
        monkeypatch.setenv(name, day)

    context = COMMANDS[command].make_context(command, list(ARGUMENTS.get(command, [])))

    given = context.params[option.name]
    assert given == ([means] if option.multiple else means) or str(given) == str(means)


@pytest.mark.parametrize(("command", "option", "variable"), list(options()))
def test_a_wrong_value_is_a_usage_error_that_names_the_variable(command, option, variable):
    of_a_form = OF_A_FORM | (set(DAY_FLAGS) if command == "backfill" else set())
    if is_text(option) and option.name not in of_a_form:
        pytest.skip("any text will do")

    ran = CliRunner().invoke(
        app, [*command.split(), *ARGUMENTS.get(command, [])], env=DAYS | {variable: "no such value"}
    )

    assert ran.exit_code == 2
    assert variable in ran.output

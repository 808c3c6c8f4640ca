"""Every flag also as a variable: `--json` is SOCIAL_JSON."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from typer.core import TyperCommand, TyperOption

_taken: list[str] = []


class SocialCommand(TyperCommand):
    """A command whose flags can be set by variables of exactly their names; the error of a value
    that is wrong names the variable too."""

    prefix = "SOCIAL"

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        for option in self.params:
            if isinstance(option, TyperOption):
                names = [self._variable(flag) for flag in option.opts if flag.startswith("--")]
                option.envvar = names[0] if len(names) == 1 else names

    def _variable(self, flag: str) -> str:
        return f"{self.prefix}_{flag.lstrip('-').replace('-', '_').upper()}"

    def invoke(self, ctx: Any) -> Any:
        _taken[:] = [name for param in self.params for name in _variables(ctx, param)]
        return super().invoke(ctx)


class SandboxCommand(SocialCommand):
    """The sandbox's flags mean other things than those of the same name elsewhere."""

    prefix = "SOCIAL_SANDBOX"


def flags_from_variables() -> list[str]:
    """The variables that set flags of the command that runs now."""
    return list(_taken)


def _variables(ctx: Any, param: Any) -> Iterator[str]:
    """The variable that set a parameter, if one did."""
    source = ctx.get_parameter_source(param.name)
    if source is not None and source.name == "ENVIRONMENT":
        names = [param.envvar] if isinstance(param.envvar, str) else param.envvar
        yield from (name for name in names if os.environ.get(name))

"""The one gate between this host's environment and a run.

Every command passes it before it reads anything: variables that belong to other programs are
removed from this process, and so from its children. What may decide a run is listed here and in the
README; whatever is not listed neither changes a run nor breaks it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROJECT_VARIABLE = "DLT_PROJECT_DIR"

# Settings of this project, as dlt names them in the environment.
_SETTINGS = re.compile(
    r"(SOURCES|DESTINATION|SYNC|REPORT|RETENTION|NOTIFY|PRIVACY)__\w+"
    r"|RUNTIME__(PROXY|CA_BUNDLE|TRUST_ENV)"
)
# libpq takes whatever a URL leaves open from variables: host, options, time zone, certificates.
_LIBPQ = re.compile(r"PG[A-Z]+")
_DBT = re.compile(r"DBT_\w+")
_DLT = re.compile(r"DLT_\w+")
# Kubernetes tells every pod of every service: one called `social` is SOCIAL_PORT=tcp://10.0.0.1:80.
_SERVICE_LINK = re.compile(r"(tcp|udp|sctp)://\S+")

_CHECKOUT = Path(__file__).resolve().parent.parent
_OUR_FILES = ("clients.toml", "example.secrets.toml", "example.clients.toml")
_TOML_FILES = ("config.toml", "secrets.toml")
_OUR_SECTION = (
    r"(?m)^\s*\[*\s*(sources\s*\.\s*\"?({providers})\b|(sync|retention|notify|privacy)\s*[\].])"
)


def is_setting(variable: str) -> bool:
    """Whether a variable is a setting of this project that dlt may read."""
    return _SETTINGS.fullmatch(variable) is not None


def enter(variables: MutableMapping[str, str] = os.environ) -> None:
    """Remove what belongs to libpq, dbt, another dlt project or Kubernetes, and name the project's
    folder, so that child processes find the same one."""
    folder = project_folder().path
    for name in [name for name, value in variables.items() if _is_foreign(name, value)]:
        del variables[name]
    variables[PROJECT_VARIABLE] = str(folder)


def _is_foreign(name: str, value: str) -> bool:
    if name.startswith("SOCIAL_") and name.endswith("_PORT"):
        return _SERVICE_LINK.fullmatch(value) is not None
    return any(kind.fullmatch(name) for kind in (_LIBPQ, _DBT, _DLT))


@dataclass(frozen=True)
class ProjectFolder:
    """The folder whose `.dlt` holds the settings, and the folders that were passed over because
    their `.dlt` belongs to another dlt project."""

    path: Path
    ignored: tuple[Path, ...] = ()

    def notes(self) -> Iterator[str]:
        """A line for each folder that was passed over."""
        for folder in self.ignored:
            yield (
                f"{folder / '.dlt'} is not read: it has no section of this project."
                f" Settings come from {self.path / '.dlt'}."
            )


@cache
def project_folder() -> ProjectFolder:
    """DLT_PROJECT_DIR, else the working directory, else the checkout that this program runs from:
    the first whose `.dlt` is this project's. Without any, the working directory."""
    named = os.environ.get(PROJECT_VARIABLE)
    candidates = [Path(named)] if named else []
    ignored: list[Path] = []
    for folder in dict.fromkeys(path.resolve() for path in (*candidates, Path.cwd(), _CHECKOUT)):
        if is_ours(folder / ".dlt"):
            return ProjectFolder(folder, tuple(ignored))
        if os.path.isdir(folder / ".dlt") or folder == Path(named or "/").resolve():
            ignored.append(folder)
    return ProjectFolder(Path.cwd(), tuple(ignored))


def is_ours(settings: Path) -> bool:
    """Whether a `.dlt` folder is this project's: it holds one of our own files, or its config.toml
    or secrets.toml has a section of one of our providers, or `[sync]`, `[retention]`, `[notify]` or
    `[privacy]`."""
    if any(os.path.isfile(settings / name) for name in _OUR_FILES):  # False where it may not look
        return True
    return any(_has_our_section(settings / name) for name in _TOML_FILES)


def _has_our_section(file: Path) -> bool:
    import sources

    pattern = _OUR_SECTION.replace("{providers}", "|".join(sources.names()))
    try:
        text = file.read_text(errors="replace")
    except OSError:
        return False
    return re.search(pattern, text) is not None

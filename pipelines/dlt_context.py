"""dlt's configuration for this project: our values, our variables, our `.dlt`, and nothing else.

By itself dlt also reads `~/.dlt`, and takes variables without a section: `DATASET_NAME`, `WORKERS`
or `DEV_MODE` of some other program would rename our tables.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dlt.common.configuration.container import Container
from dlt.common.configuration.providers import (
    ConfigTomlProvider,
    EnvironProvider,
    SecretsTomlProvider,
)
from dlt.common.configuration.providers.dictionary import DictionaryProvider
from dlt.common.configuration.providers.provider import ConfigProvider
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from dlt.common.runtime.run_context import RunContext

from .environment import is_setting

# Without the first two a load is wrong (no load id on Arrow rows) or slow (gzip is most of an
# extract). Each load worker holds connections to Postgres of its own.
_FIXED: dict[str, Any] = {
    "normalize": {"parquet_normalizer": {"add_dlt_load_id": True}},
    "data_writer": {"disable_compression": True},
    "load": {"workers": 2},
    "runtime": {"dlthub_telemetry": False, "log_level": "CRITICAL"},
}


class _Fixed(DictionaryProvider):
    """Values that a run depends on; no file and no variable changes them."""

    def __init__(self) -> None:
        super().__init__()
        self._config_doc = _FIXED


class _OurVariables(EnvironProvider):
    """The environment, as far as it is this project's."""

    def get_value(
        self, key: str, hint: type[Any], pipeline_name: str | None, *sections: str
    ) -> tuple[Any | None, str]:
        name = self.get_key_name(key, *filter(None, (pipeline_name, *sections)))
        if not is_setting(name):
            return None, name
        return super().get_value(key, hint, pipeline_name or "", *sections)


class ProjectContext(RunContext):
    """The run context of a project folder. `~/.dlt` is not read, and nothing is written there."""

    @property
    def global_dir(self) -> str:
        return self.settings_dir

    @property
    def data_dir(self) -> str:
        return self.settings_dir

    def initial_providers(self) -> list[ConfigProvider]:
        return [
            _Fixed(),
            _OurVariables(),
            SecretsTomlProvider(self.settings_dir),
            ConfigTomlProvider(self.settings_dir),
        ]


def plug(folder: Path) -> None:
    """Have dlt use the settings of a project folder from now on."""
    container = Container()
    if PluggableRunContext in container:  # to ask for it would make dlt's own, with what that reads
        container[PluggableRunContext].reload(ProjectContext(str(folder)))
    else:
        container[PluggableRunContext] = PluggableRunContext(ProjectContext(str(folder)))

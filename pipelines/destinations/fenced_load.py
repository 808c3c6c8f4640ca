"""dlt's Postgres destination, with the fence in each of its transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dlt
from dlt.common.destination.client import LoadJob
from dlt.destinations.exceptions import DatabaseTerminalException
from dlt.destinations.impl.postgres.postgres import PostgresClient, PostgresParquetCopyJob
from dlt.destinations.impl.postgres.sql_client import Psycopg2SqlClient
from dlt.destinations.typing import DBTransaction

from .fence import Fence, Overtaken
from .patient import connect_patiently


class _PatientCopy(PostgresParquetCopyJob):
    """Copies a file through a connection of its own. The one that dlt opened for the job is not
    used for that; a worker holds few."""

    def _connect(self) -> Any:
        self._job_client.sql_client.close_connection()
        return connect_patiently(super()._connect)


def fenced_destination(url: str, fence: Fence | None, staging_layout: str) -> Any:
    """The destination of one run. Staging tables are its shard's own: dlt's merges through shared
    ones lose rows without an error."""

    class SqlClient(Psycopg2SqlClient):
        def open_connection(self) -> Any:
            return connect_patiently(super().open_connection)

        @contextmanager
        def begin_transaction(self) -> Iterator[DBTransaction]:
            with super().begin_transaction() as transaction:
                _check(fence, self)
                yield transaction

    class Client(PostgresClient):
        def __init__(self, schema: Any, config: Any, capabilities: Any) -> None:
            super().__init__(schema, config, capabilities)
            plain = self.sql_client
            self.sql_client = SqlClient(
                plain.dataset_name, plain.staging_dataset_name, config.credentials, capabilities
            )

        def create_load_job(
            self, table: Any, file_path: str, load_id: str, restore: bool = False
        ) -> LoadJob:
            job = super().create_load_job(table, file_path, load_id, restore)
            return _PatientCopy(file_path) if isinstance(job, PostgresParquetCopyJob) else job

        def complete_load(self, load_id: str) -> None:
            with self.sql_client.begin_transaction():
                super().complete_load(load_id)

    class Postgres(dlt.destinations.postgres):
        @property
        def client_class(self) -> type[PostgresClient]:
            return Client

    return Postgres(
        credentials=url,
        create_indexes=False,  # ours come from the declarations
        destination_name="postgres",
        staging_dataset_name_layout=staging_layout,
    )


def _check(fence: Fence | None, client: Psycopg2SqlClient) -> None:
    if fence is None:
        return
    try:
        fence.check(lambda sql, values: [tuple(r) for r in client.execute_sql(sql, *values) or ()])
    except Overtaken as error:
        raise DatabaseTerminalException(error) from error

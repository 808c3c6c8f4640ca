"""What a dlt user runs first: all of Genviral into DuckDB, in one load.

`social sync` does the same in batches, with lock, ledger and comparison; prefer it for schedules.
"""

from pipelines.settings import prepare_dlt

prepare_dlt()

import dlt  # noqa: E402  (its settings come from prepare_dlt)

from sources.genviral import genviral  # noqa: E402

if __name__ == "__main__":
    pipeline = dlt.pipeline("genviral", destination="duckdb", dataset_name="genviral")
    print(pipeline.run(genviral(), loader_file_format="parquet"))  # noqa: T201

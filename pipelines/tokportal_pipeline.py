"""What a dlt user runs first: all of TokPortal into DuckDB, in one load.

`social sync` does the same in batches, with lock, ledger and comparison; prefer it for schedules.
"""

from pipelines.settings import prepare_dlt

prepare_dlt()

import dlt  # noqa: E402  (its settings come from prepare_dlt)

from sources.tokportal import tokportal  # noqa: E402

if __name__ == "__main__":
    pipeline = dlt.pipeline("tokportal", destination="duckdb", dataset_name="tokportal")
    print(pipeline.run(tokportal(), loader_file_format="parquet"))  # noqa: T201

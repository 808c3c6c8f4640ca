"""What a dlt user runs first: campaigns and posts of Tokfluence into DuckDB, in one load.

Which ones is asked of the configuration: SOURCES__TOKFLUENCE__CAMPAIGN_IDS, …__POST_IDS. Every
request costs credits; `social sync` knows what it need not ask again, prefer it for schedules.
"""

from pipelines.settings import prepare_dlt

prepare_dlt()

import dlt  # noqa: E402  (its settings come from prepare_dlt)

from sources.tokfluence import tokfluence  # noqa: E402

if __name__ == "__main__":
    pipeline = dlt.pipeline("tokfluence", destination="duckdb", dataset_name="tokfluence")
    print(pipeline.run(tokfluence(), loader_file_format="parquet"))  # noqa: T201

"""What a run did, as rows: every provider's schema has these tables (interface: operations)."""

from __future__ import annotations

from .tables import Table, ours

_RUN = ours("run_id", "text", "The run, as in `sync_runs`.")
_ENTRY = ours("entry_id", "text", "Made of run, stream, account and item; unique.")
_ACCOUNT = ours(
    "account_id", "text", "The account concerned; NULL when it concerns the whole stream."
)
_STREAM = ours("stream", "text", "The stream concerned, as in `social plan`.")

SYNC_ERRORS = Table(
    name="sync_errors",
    grain="one row per failure of an account's stream in a run",
    key=("entry_id",),
    columns=(
        _ENTRY,
        _RUN,
        _ACCOUNT,
        _STREAM,
        ours("item_id", "text", "The post, when only one post of the account failed."),
        ours("code", "text", "The provider's error code in lower case, or ours."),
        ours("status", "bigint", "HTTP status; NULL when there was no answer."),
        ours("message", "text", "What happened, without secrets."),
        ours("remedy", "text", "What to do next."),
        ours("request_id", "text", "The provider's request id, for its support."),
        ours("retry_at", "timestamp", "Not asked again before (UTC)."),
    ),
    payload=False,
    kind="ledger",
)

SYNC_SKIPS = Table(
    name="sync_skips",
    grain="one row per stream, or account's stream, that a run left out",
    key=("entry_id",),
    columns=(
        _ENTRY,
        _RUN,
        _ACCOUNT,
        _STREAM,
        ours("reason", "text", "`not_in_plan`, `no_data_yet`, `not_selected` …"),
        ours("message", "text", "The provider's words, or ours."),
        ours("remedy", "text", "What to do, if it should not be skipped."),
    ),
    payload=False,
    kind="ledger",
)

SYNC_REJECTS = Table(
    name="sync_rejects",
    grain="one row per provider row that could not be typed; the same row again is the same reject",
    key=("reject_id",),
    columns=(
        ours("reject_id", "text", "SHA-256 of table, account and raw text."),
        ours("run_id", "text", "The run that met it last."),
        _ACCOUNT,
        ours("table_name", "text", "The table it was meant for."),
        ours("reason", "text", "Which column, and why."),
        ours("raw", "text", "The row as the provider sent it (100,000 characters at most)."),
    ),
    payload=False,
    kind="ledger",
)

SYNC_REPAIRS = Table(
    name="sync_repairs",
    grain="one row per landed row in which texts were made storable (NUL, lone surrogates)",
    key=("table_name", "row_key"),
    columns=(
        ours("table_name", "text", "The table of the repaired row."),
        ours("row_key", "text", "Its key, parts joined by a slash."),
        ours("run_id", "text", "The run that met it last."),
        _ACCOUNT,
        ours(
            "texts", "bigint", "How many texts were changed; `payload` keeps the originals escaped."
        ),
    ),
    payload=False,
    kind="ledger",
)

SYNC_COMPLETENESS = Table(
    name="sync_completeness",
    grain="one row per run, account and stream that was read",
    key=("entry_id",),
    columns=(
        _ENTRY,
        _RUN,
        _ACCOUNT,
        _STREAM,
        ours("expected", "bigint", "What the provider says there is; NULL when it does not say."),
        ours("landed", "bigint", "Rows of this reading that are in the table."),
        ours("rejected", "bigint", "Rows of this reading that are in `sync_rejects` instead."),
        ours("equation", "text", "What was compared with what."),
        ours(
            "status",
            "text",
            "`proven`, `truncated_at_source`, `moved_during_read`, `unproven`, `failed`, or"
            " `not_in_plan`: the stream was not asked.",
        ),
    ),
    payload=False,
    kind="ledger",
)

SYNC_ACCOUNT_STATUS = Table(
    name="sync_account_status",
    grain="one row per account and stream: how it stands now",
    key=("account_id", "stream"),
    columns=(
        ours("account_id", "text", "The account."),
        _STREAM,
        ours(
            "status",
            "text",
            "`ok`, `partial` (rows were rejected), `failed`, `skipped`, `no_data`, or `begun`"
            " before the first end.",
        ),
        ours("cursor", "text", "How far the stream is complete."),
        ours("last_attempt_at", "timestamp", "When it was asked last (UTC)."),
        ours("last_success_at", "timestamp", "When it was complete last (UTC)."),
        ours("rows", "bigint", "Rows written by the last attempt."),
        ours("failures", "bigint", "Failures in a row; 0 after a success."),
        ours("error_code", "text", "Code of the last failure; NULL after a success."),
        ours("error_message", "text", "Its message and remedy."),
        ours("next_retry_at", "timestamp", "Not asked again before (UTC); NULL: at the next run."),
        ours("run_id", "text", "The run that wrote this row."),
    ),
    payload=False,
    kind="ledger",
)

# Not among the tables of every provider: some have no past that can be asked.
BACKFILL_CHUNKS = Table(
    name="backfill_chunks",
    grain="one row per account, stream and range of days that a backfill read to its end",
    key=("account_id", "stream", "since", "until"),
    columns=(
        ours("account_id", "text", "The account."),
        _STREAM,
        ours("since", "date", "First day (UTC)."),
        ours("until", "date", "The day after the last (UTC)."),
        ours("rows", "bigint", "Rows written."),
        ours("run_id", "text", "The run that read it."),
    ),
    payload=False,
    kind="index",
)

# Not among the tables of every provider either.
SERIES_GAPS = Table(
    name="series_gaps",
    grain="one row per account and UTC day of which the provider has no figures, as a complete"
    " reading of that day showed",
    key=("account_id", "date"),
    columns=(
        ours("account_id", "text", "The account."),
        ours("date", "date", "The UTC day that is missing in `daily_series`."),
    ),
    payload=False,
    kind="index",
)

PRIVACY_RULES = Table(
    name="privacy_rules",
    grain="one row per rule that keeps erased data from coming back, and one with the salt",
    key=("rule_id",),
    columns=(
        ours("rule_id", "text", "Kind and subject; unique."),
        ours(
            "kind",
            "text",
            "`author`, `account` or `comments_before` (`social forget`); `settings` (which"
            " `[privacy]` settings the stored rows follow); `salt`.",
        ),
        ours("subject", "text", "The salted hash of a name or id; of kind `salt`, the salt."),
        ours("before", "timestamp", "Of `comments_before`: older comments do not land (UTC)."),
    ),
    payload=False,
    kind="index",
)

TABLES = (
    PRIVACY_RULES,
    SYNC_ERRORS,
    SYNC_SKIPS,
    SYNC_REJECTS,
    SYNC_REPAIRS,
    SYNC_COMPLETENESS,
    SYNC_ACCOUNT_STATUS,
)

# Ledgers with rows of every run, and the column that says how it ended.
GROWING = ((SYNC_COMPLETENESS, "status"), (SYNC_ERRORS, "code"), (SYNC_SKIPS, "reason"))

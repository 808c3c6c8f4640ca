{{ owned_rows(account_models(), "account_key") }}

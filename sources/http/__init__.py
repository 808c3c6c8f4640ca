"""How providers are talked to: the client, its manners and its errors. Knows HTTP, not dlt."""

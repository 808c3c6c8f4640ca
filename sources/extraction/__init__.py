"""How a run walks a portfolio: work, gates, batches and what is noted of them. Knows no provider."""

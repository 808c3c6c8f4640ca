"""How a run walks a portfolio: work, gates, batches, notes. Knows no provider."""

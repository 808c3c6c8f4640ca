"""How a provider's row becomes a warehouse row: declared, typed, explained. Knows no provider."""

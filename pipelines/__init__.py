"""Load, and everything an operator does. The only place that opens a destination."""

"""TokPortal's read API (developers.tokportal.com), version 2026-05-25, analytics contract v2.

Each module answers a few endpoints from the world; `shapes` alone decides how a row looks.
"""

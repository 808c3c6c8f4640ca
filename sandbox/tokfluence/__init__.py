"""Tokfluence: an index of TikTok videos, comments, campaigns and creators, paid by credits.

Written from developers.tokfluence.com/docs alone. Where these pages are silent, sandbox/README.md
says what was chosen.
"""

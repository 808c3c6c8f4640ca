"""Faults on command: which requests they hit (`book`) and what they do (`kinds`, `delivery`)."""

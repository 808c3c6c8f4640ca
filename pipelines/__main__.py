"""`python -m pipelines` is `social`."""

from .cli import main

main()

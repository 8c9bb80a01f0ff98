"""Lets `python -m pipeline.cli` be `segue`."""

from pipeline.cli import main

main()

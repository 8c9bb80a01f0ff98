"""Lets `python -m pipeline.cli` be `segue`."""

from pipeline.cli.main import main

main()

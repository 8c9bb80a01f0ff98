"""Measures what users wait for; `make bench` runs all and writes `benchmarks/results`."""

__all__ = ["load_generator"]

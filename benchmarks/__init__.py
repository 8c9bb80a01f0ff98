"""Measures what users wait for; `make bench` runs all and writes `benchmarks/results`."""

__all__ = ["faulty_models", "load_generator"]

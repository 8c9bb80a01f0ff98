"""Measures what users wait for; `make bench` runs all and writes `benchmarks/results`."""

__all__ = ["engines", "faulty_models", "load_generator", "one_stage"]

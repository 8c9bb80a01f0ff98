"""Finds the model that training starts from, where it is to start from what is served."""

__all__ = ["component"]

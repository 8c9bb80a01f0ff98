"""A local web page to play with a served model: a title and tracks in, their continuation out."""

__all__ = ["app"]

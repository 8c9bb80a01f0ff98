"""Which versions of a model are there, loaded and served."""

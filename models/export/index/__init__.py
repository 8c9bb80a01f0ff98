"""Searches a big catalogue without scoring all of it, in stock TensorFlow ops."""

"""How good the recommendations are and whether a difference is real: NumPy and SciPy, no TFX."""

"""How good the recommendations are and whether a difference is real: NumPy and SciPy, no TFX."""

__all__ = [
    "compare",
    "findings",
    "gate",
    "gate_config",
    "metrics",
    "render",
    "scenarios",
    "significance",
    "submission",
    "summary",
]

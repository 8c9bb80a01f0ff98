"""What Transform does to a playlist, in training and in serving alike."""

__all__ = ["aligned", "mentions", "options", "preprocessing", "titles"]

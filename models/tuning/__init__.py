"""The search for hyperparameters: trials on playlists that are held out of train."""

__all__ = ["options", "tuner"]

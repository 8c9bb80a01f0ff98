"""What Transform does to a playlist, in training and in serving alike."""

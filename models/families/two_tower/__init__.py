"""A two-tower model: one vector a playlist, one a track, started in closed form, then trained."""

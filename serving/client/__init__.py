"""Asks a server for recommendations and shows the answer."""

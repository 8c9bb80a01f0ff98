"""What several families use."""

__all__ = ["als", "popularity_bias", "sparse_rows", "title_prior"]

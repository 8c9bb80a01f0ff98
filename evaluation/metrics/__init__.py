"""What recommendations are worth, playlist by playlist: one small unit a metric."""

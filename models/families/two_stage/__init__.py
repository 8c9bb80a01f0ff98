"""Two stages: two towers retrieve candidates, and a small network ranks them again."""

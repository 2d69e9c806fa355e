"""Records to a matrix: pure functions."""

"""Mounts: the classic calls, the file-descriptor based ones, and what a mount namespace shows."""

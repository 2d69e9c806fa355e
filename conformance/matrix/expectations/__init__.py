"""Differences that are known and accepted: what may be said of them, the files that say it, and how they age."""

"""Clocks, sleeping and timers."""

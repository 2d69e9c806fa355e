"""Faults planted under the suite: what is caught says how sharp it is."""

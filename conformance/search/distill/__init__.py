"""Distilling: a search for what Linux does, fact by fact, and the smallest program that shows each."""

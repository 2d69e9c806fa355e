"""Renderers of a matrix: pure functions from a `Matrix` to bytes, a module a format."""

"""Compatibility conformance suite for Linux system calls."""

__version__ = "0.1.0"

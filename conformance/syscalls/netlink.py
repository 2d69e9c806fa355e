# ruff: noqa
"""Netlink."""

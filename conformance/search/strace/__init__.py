"""Logs of strace(1) as programs."""

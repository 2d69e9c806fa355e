"""Capabilities, seccomp, Landlock, keyrings, BPF, perf, LSMs, random numbers."""

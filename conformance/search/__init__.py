"""The search: generated programs of system calls, run in lock-step on several targets, to find where they differ."""

"""Generated programs of system calls, run in lock-step on several targets."""

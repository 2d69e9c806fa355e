"""What descriptions of system calls are written with: calls, kinds, choices, memory."""

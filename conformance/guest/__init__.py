"""What runs inside a target: the pytest plugin, isolation, tracing and PID 1. Standard library and pytest only."""

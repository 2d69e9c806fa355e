"""Processes: making, waiting for, naming and ending them; identities, resource limits, `prctl`, futexes."""

"""What runners do on this machine: files, processes, limits, logs."""

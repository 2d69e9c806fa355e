"""What cases share: paths, children, machine code."""

"""Two kernels: what users of the one lose, find changed and gain with the other, each with its cause."""

"""What a run has met of the kernel: the facts of each call that its traces show, and those that nothing reaches."""

"""Programs: sequences of system calls as data, what they must not do, and the executor that runs them in a guest."""

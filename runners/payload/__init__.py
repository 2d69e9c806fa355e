"""What guests get of ours: the interpreter, the suite, the executor."""

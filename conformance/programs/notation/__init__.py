"""Programs as text that people read and write, in the manner of strace(1), with what Linux promises behind each call."""

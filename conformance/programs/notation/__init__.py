"""Programs as text that people read and write, in strace(1)'s manner, with what Linux promises behind each call."""

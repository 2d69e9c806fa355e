"""The runner `profile`: this kernel, less what an emulation lacks."""

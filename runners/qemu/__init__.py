"""The runner `qemu`: a kernel booted in a virtual machine that is thrown away."""

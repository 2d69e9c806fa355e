"""Inter-process communication."""

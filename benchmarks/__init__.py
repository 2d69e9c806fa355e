"""What is measured, a script a question: `python -m benchmarks.NAME`."""

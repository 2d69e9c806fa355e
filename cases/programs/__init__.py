"""Programs that were generated, made as small as can be, and kept: see docs/searching.md, "What is worth keeping"."""

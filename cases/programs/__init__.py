"""Programs that were generated, made as small as can be, and kept: see CONTRIBUTING.md, "Kept programs"."""

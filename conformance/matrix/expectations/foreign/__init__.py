"""Lists of known failures as others keep them, read as expectations and written from them: a module a format."""

"""Files: what is opened, read and written, named, described, locked."""

"""Room: one dataset is one file."""

"""Pure functions on arrays: no files, no settings, no workflow."""

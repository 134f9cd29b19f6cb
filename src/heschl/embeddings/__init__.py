"""Room: one music model is one file."""

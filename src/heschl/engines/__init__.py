"""Room: one outside engine of preprocessing, wrapped for nipype, is one file."""

"""Edges: one file per verb; each step reads, calls science, writes."""

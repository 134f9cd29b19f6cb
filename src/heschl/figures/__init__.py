"""Edges: one figure of one study is one file; its panels are functions on matplotlib axes."""

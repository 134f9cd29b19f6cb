"""Heschl: where music reaches the cortex. BIDS recordings and music in, the figures of five studies out."""

"""The baseline: a minimal Python implementation of the measured requests, over the same drivers."""

"""The cache in the memory of one process."""

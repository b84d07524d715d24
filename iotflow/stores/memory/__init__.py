"""Players in the memory of one process."""

"""Measures the service beside the least that any service over the same drivers would cost."""

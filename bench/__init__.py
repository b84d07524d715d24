"""Measure the service and its baseline, a minimal implementation over the same drivers."""

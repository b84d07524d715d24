"""Faults around the service: killed processes, locked, damaged and full stores, overload."""

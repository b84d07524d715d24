"""What breaks around the service: killed processes, locked and full stores, more work than it can take."""

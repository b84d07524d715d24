"""The HTTP server in the test's own process, with small apps behind it and deadlines that are soon over."""

"""The HTTP server in the process of the test, with a small app and short deadlines."""

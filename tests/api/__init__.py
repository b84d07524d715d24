"""The behaviour of every route, over HTTP, against a service in the test process."""

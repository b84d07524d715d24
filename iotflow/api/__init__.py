"""The HTTP API: routes parse a request, call one service and build the response."""

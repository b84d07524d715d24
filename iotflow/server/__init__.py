"""The HTTP server: uvicorn with a protocol that bounds each connection, each client, and all clients together."""

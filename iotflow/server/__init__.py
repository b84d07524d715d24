"""The HTTP server: uvicorn with a protocol that bounds what a connection, a client and all of them together take."""

"""The routers, one module per section of the API."""

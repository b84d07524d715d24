"""Request and response bodies, one module per section of the API."""

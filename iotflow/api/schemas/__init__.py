"""Request and response bodies, one module a section of the HTTP contract."""

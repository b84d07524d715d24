"""Execution of the API's routes without FastAPI's per-request analysis (docs/adr/0018-compiled-routes.md)."""

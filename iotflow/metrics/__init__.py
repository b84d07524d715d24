"""Metrics of the service itself: counted in memory, and exposed to Prometheus (docs/adr/0022-metrics.md)."""

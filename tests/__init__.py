"""The tests. Hypothesis is configured here, before any property is imported."""

from hypothesis import HealthCheck, settings

# Contract suites are inherited, and their fixtures run once per test, not once per example: each example uses its
# own devices and names.
_CHECKS = [HealthCheck.differing_executors, HealthCheck.function_scoped_fixture]
settings.register_profile("ci", max_examples=50, deadline=None, suppress_health_check=_CHECKS)
settings.register_profile("thorough", max_examples=2_000, deadline=None, suppress_health_check=_CHECKS)
settings.load_profile("ci")

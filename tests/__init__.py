"""The tests. What Hypothesis is to do is said here, before any property is imported."""

from hypothesis import HealthCheck, settings

# Contract suites are inherited, and their fixtures are made once a test, not once an example: each example takes
# devices and names of its own.
_CHECKS = [HealthCheck.differing_executors, HealthCheck.function_scoped_fixture]
settings.register_profile("ci", max_examples=50, deadline=None, suppress_health_check=_CHECKS)
settings.register_profile("thorough", max_examples=2_000, deadline=None, suppress_health_check=_CHECKS)
settings.load_profile("ci")

"""A pytest plugin: property tests that a slow machine cannot fail, short and the same in each run."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "patient", deadline=None, derandomize=True, max_examples=20, suppress_health_check=list(HealthCheck)
)

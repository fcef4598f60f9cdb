"""How many examples property tests try: few and the same ones in the suite, many random ones in `make fuzz`."""

import os

from hypothesis import HealthCheck, settings

SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]

settings.register_profile(
    "suite", max_examples=40, derandomize=True, deadline=None, database=None, suppress_health_check=SLOW_IS_FINE
)
settings.register_profile("fuzz", max_examples=2000, deadline=None, suppress_health_check=SLOW_IS_FINE)


def load_profile() -> None:
    """Load the profile that the environment names, `suite` by default."""
    settings.load_profile(os.environ.get("AGELENS_PROPERTIES", "suite"))

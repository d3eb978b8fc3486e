"""How many cases each law is tried on: 1,000 where CI=true, else 100. Slowness in making them is no fault."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

IN_CI = os.environ.get("CI", "").lower() == "true"

slow = [HealthCheck.too_slow]
settings.register_profile("laws-dev", deadline=None, max_examples=100, suppress_health_check=slow)
settings.register_profile("laws-ci", deadline=None, max_examples=1_000, print_blob=True, suppress_health_check=slow)
settings.load_profile("laws-ci" if IN_CI else "laws-dev")

"""How long hypothesis looks for a counter-example: quickly, unless HYPOTHESIS_PROFILE says `thorough`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

for name, examples in (("quick", 30), ("thorough", 2000)):
    settings.register_profile(name, max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

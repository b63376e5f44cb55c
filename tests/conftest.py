"""What holds for every test: a busy machine is no failure of a generated example.

By hand each run generates other examples. In CI they are the same each time, so that a commit passes or fails
for what it is.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "ours", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
settings.load_profile("ours")

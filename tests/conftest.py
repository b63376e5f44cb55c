"""What holds for every test: a busy machine is no failure of a generated example."""

from hypothesis import HealthCheck, settings

_BUSY = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("busy machine", parent=settings(), **_BUSY)
settings.load_profile("busy machine")

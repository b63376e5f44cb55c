"""What comes round and keeps the house: calendar, clock, and what is old."""

from gateway.app.clockwatch import ClockWatch
from gateway.app.policy import Policy
from gateway.app.ports import Clock, Store
from gateway.app.retention import Retention
from gateway.app.upkeep import Upkeep
from gateway.app.wake import Wake
from gateway.descriptors import DescriptorWatch
from gateway.listening import Loop


def keeping_loops(store: Store, clock: Clock, policy: Policy, wake: Wake) -> dict[str, Loop]:
    """The loops by name, to be supervised."""
    return {
        "upkeep": Upkeep(store, clock, policy, wake).run,
        "retention": Retention(store, clock, policy).run,
        "clock": ClockWatch(store, clock, wake).run,
        "descriptors": DescriptorWatch().run,
    }

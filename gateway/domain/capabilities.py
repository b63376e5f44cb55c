"""What an EVSE can do, from what its charger says of itself (4.J). Pure.

Spec: OCPI 2.2.1 mod_locations "Capability enum"; OCPP 1.6 section 9.1.26 SupportedFeatureProfiles.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from gateway.domain.sites import Evse

_UNLOCK = "UNLOCK_CONNECTOR"
RFID_READER = "TokenReader"
"""What we call, among feature profiles, that a charger of 2.x has a reader; 1.6 has no word for it."""
RUNNING_COST = "RunningCost"
"""Likewise, that it shows its driver what the session costs so far (D21)."""
_OF_FEATURE = {
    "core": "TOKEN_GROUP_CAPABLE",
    "reservation": "RESERVABLE",
    "smartcharging": "CHARGING_PROFILE_CAPABLE",
    RFID_READER.casefold(): "RFID_READER",
}
"""A charger with the core profile knows groups: parentIdTag in 1.6, groupIdToken in 2.x."""


def derived(features: Collection[str], unsupported: Collection[str]) -> tuple[str, ...]:
    """Capabilities of the EVSEs of a charger with these feature profiles.

    `unsupported`: commands it refused as unknown. Nothing is derived from a charger that named no profile.
    """
    if not features:
        return ()
    found = {"REMOTE_START_STOP_CAPABLE"}
    if _UNLOCK not in unsupported:
        found.add("UNLOCK_CAPABLE")
    found |= {_OF_FEATURE[f.casefold()] for f in features if f.casefold() in _OF_FEATURE}
    return tuple(sorted(found))


def with_said(features: Collection[str], said: Collection[tuple[str, bool]]) -> tuple[str, ...]:
    """Feature profiles after a charger said of some that it has them, or has them not."""
    gone = {name for name, has in said if not has}
    return tuple(sorted({"Core", *features, *(name for name, has in said if has)} - gone))


def with_derived(evse: Evse, features: Collection[str], after: tuple[str, ...], at: datetime) -> Evse:
    """The EVSE with what is derived now; what people listed for it stands.

    `features`: those it had so far, which tell what was derived from them, with or without unlocking.
    """
    earlier = ((), derived(features, ()), derived(features, (_UNLOCK,)))
    if evse.capabilities not in earlier or evse.capabilities == after:
        return evse
    return replace(evse, capabilities=after, last_updated=max(at, evse.last_updated))

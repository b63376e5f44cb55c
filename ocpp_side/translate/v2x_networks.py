"""OCPP 2.x: network profiles to payloads. Pure. Properties in the order of the schemas.

Spec: SetNetworkProfileRequest, "NetworkConnectionProfileType"; D03, E13.
"""

from gateway.domain.errors import InvalidInput
from gateway.domain.network_profiles import NetworkInterface, SetNetworkProfile

_LONGEST_URL = 512
"""Spec: 2.0.1; 2.1 allows 2000, more than a task takes."""


def network_profile(command: SetNetworkProfile) -> dict[str, object]:
    """In the words of 2.0.1. Raises InvalidInput for what it cannot say."""
    profile = command.profile
    if command.password is not None:
        raise InvalidInput("OCPP 2.0.1 has no passwords in network profiles", field="basicAuthPassword")
    if profile.interface is NetworkInterface.ANY:
        raise InvalidInput("OCPP 2.0.1 wants one interface", field="ocppInterface")
    if len(profile.url) > _LONGEST_URL:
        raise InvalidInput(f"OCPP 2.0.1 allows {_LONGEST_URL} characters", field="ocppCsmsUrl")
    said = {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppCsmsUrl": profile.url,
        "messageTimeout": profile.message_timeout_s,
        "securityProfile": profile.security_profile,
        "ocppInterface": profile.interface.value,
    }
    return {"configurationSlot": profile.slot, "connectionData": said}


def network_profile_21(command: SetNetworkProfile) -> dict[str, object]:
    """In the words of 2.1, in which the version is found at the handshake."""
    profile = command.profile
    keys = {"identity": command.identity, "basicAuthPassword": command.password}
    said = {
        "ocppInterface": profile.interface.value,
        "ocppTransport": "JSON",
        "messageTimeout": profile.message_timeout_s,
        "ocppCsmsUrl": profile.url,
        "securityProfile": profile.security_profile,
        **{name: value for name, value in keys.items() if value is not None},
    }
    return {"configurationSlot": profile.slot, "connectionData": said}

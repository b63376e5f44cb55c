"""Network profiles that would lock a charger out, or send it elsewhere, are never sent (D03, B09, T7)."""

from dataclasses import replace

import pytest

from gateway.domain.errors import InvalidInput
from gateway.domain.network_profiles import NetworkInterface, NetworkProfile, check_network_profile

HOSTS = frozenset({"gateway.example", "::1"})
GOOD = NetworkProfile(1, "wss://gateway.example/ocpp", 2, NetworkInterface.WIRED_0)


@pytest.mark.parametrize(
    ("profile", "held_to"),
    [
        (GOOD, 0),
        (GOOD, 2),
        (replace(GOOD, security_profile=3), 2),
        (replace(GOOD, url="ws://gateway.example:8080/ocpp", security_profile=1), 1),
        (replace(GOOD, url="wss://GATEWAY.example"), 2),
        (replace(GOOD, url="wss://[::1]:8443/ocpp"), 2),
    ],
)
def test_what_may_be_sent(profile: NetworkProfile, held_to: int) -> None:
    """D03, B09: ours, with the scheme of its profile, at least as protected as before."""
    check_network_profile(profile, held_to, HOSTS)


@pytest.mark.parametrize(
    ("changes", "held_to", "reason"),
    [
        ({"security_profile": 0, "url": "ws://gateway.example"}, 0, "securityProfile: 0 is none of 1 to 3"),
        ({"security_profile": 4}, 0, "none of 1 to 3"),
        ({"security_profile": 1, "url": "ws://gateway.example"}, 2, "1 is lower than 2"),
        ({}, 3, "2 is lower than 3, which this charger has: it never falls silently"),
        ({"url": "ws://gateway.example/ocpp"}, 2, "ocppCsmsUrl: security profile 2 needs wss://"),
        ({"security_profile": 1}, 1, "security profile 1 needs ws://"),
        ({"url": "https://gateway.example/ocpp"}, 2, "needs wss://"),
        ({"url": "wss://other.example/ocpp"}, 2, "other.example is not this gateway"),
        ({"url": "wss://gateway.example.other.example/ocpp"}, 2, "is not this gateway"),
        ({"url": "wss://gateway.example@other.example/ocpp"}, 2, "plain URL"),
        ({"url": "wss://other.example\\@gateway.example/ocpp"}, 2, "plain URL"),
        ({"url": "wss://other.example#gateway.example"}, 2, "plain URL"),
        ({"url": "wss://gateway.example/ocpp?id=1"}, 2, "plain URL"),
        ({"url": "wss://gateway.example/ocpp\n"}, 2, "plain URL"),
        ({"url": "wss://gateway.example:99999/ocpp"}, 2, "plain URL"),
        ({"url": "wss:///ocpp"}, 2, "plain URL"),
        ({"url": "wss://[::1/ocpp"}, 2, "plain URL"),
        ({"url": "wss://gatew\u0430y.example/ocpp"}, 2, "plain URL"),
    ],
)
def test_what_is_refused(changes: dict[str, object], held_to: int, reason: str) -> None:
    """B09, T7: with the field and the reason."""
    with pytest.raises(InvalidInput) as refused:
        check_network_profile(replace(GOOD, **changes), held_to, HOSTS)  # type: ignore[arg-type]
    assert reason in str(refused.value)

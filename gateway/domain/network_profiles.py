"""Network profiles: how a charger of OCPP 2.x finds its central system, by numbered slots (D03)."""

from collections.abc import Set
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit

from gateway.domain.errors import InvalidInput

_LEAST, _MOST = 1, 3
_PROFILE_TLS = 2


class NetworkInterface(StrEnum):
    """Which interface a charger uses; 2.1 alone knows "any". Spec: OCPP 2.1 "OCPPInterfaceEnumType"."""

    WIRED_0 = "Wired0"
    WIRED_1 = "Wired1"
    WIRED_2 = "Wired2"
    WIRED_3 = "Wired3"
    WIRELESS_0 = "Wireless0"
    WIRELESS_1 = "Wireless1"
    WIRELESS_2 = "Wireless2"
    WIRELESS_3 = "Wireless3"
    ANY = "Any"


@dataclass(frozen=True, slots=True)
class NetworkProfile:
    """What belongs in a slot. `url`: without the charger's identity, which it adds itself.

    `new_key`: with a password of its own, which OCPP 2.1 alone can say (E13).
    """

    slot: int
    url: str
    security_profile: int
    interface: NetworkInterface
    message_timeout_s: int = 30
    new_key: bool = False


@dataclass(frozen=True, slots=True)
class SetNetworkProfile:
    """Have a charger keep a network profile. `identity` and `password`: what it connects with (E13)."""

    profile: NetworkProfile
    identity: str | None = None
    password: str | None = field(default=None, repr=False)


def check_network_profile(profile: NetworkProfile, held_to: int, hosts: Set[str]) -> None:
    """Whether a charger that is `held_to` a security profile would still come, to one of our `hosts`.

    Spec: OCPP 2.0.1 B09, security white paper A00; B09, T7. A profile never falls by a message: 2.1 allows 3
    to 2, but the charger would be turned away unless its operator says so in the network file first.
    Raises InvalidInput.
    """
    wanted = profile.security_profile
    if not _LEAST <= wanted <= _MOST:
        raise InvalidInput(f"{wanted} is none of {_LEAST} to {_MOST}", field="securityProfile")
    if wanted < held_to:
        why = f"{wanted} is lower than {held_to}, which this charger has: it never falls silently"
        raise InvalidInput(
            f"{why}; `security_profile` in the network file lowers it", field="securityProfile"
        )
    url = _read(profile.url)
    scheme = "wss" if wanted >= _PROFILE_TLS else "ws"
    if url.scheme != scheme:
        raise InvalidInput(f"security profile {wanted} needs {scheme}://", field="ocppCsmsUrl")
    if url.hostname not in hosts:
        why = f"{url.hostname} is not this gateway ({', '.join(sorted(hosts))})"
        raise InvalidInput(f"{why}; GATEWAY_CHARGER_HOSTS names its other hosts", field="ocppCsmsUrl")


def _read(url: str) -> SplitResult:
    """The parts of a URL with nothing in it that a charger could misread. Raises InvalidInput."""
    try:
        parts = urlsplit(url)
        usable = parts.port != 0 and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable or not url.isascii() or any(mark in url for mark in "@?#\\ \t\r\n"):
        raise InvalidInput("must be a plain URL: scheme, host, port and path", field="ocppCsmsUrl")
    return parts

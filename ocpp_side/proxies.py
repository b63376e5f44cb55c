"""Who really calls, where a TLS proxy stands before the gateway (B06, T2, T7).

Only addresses that were configured are believed; what anybody else puts into these headers is ignored.
"""

import ipaddress
from dataclasses import dataclass, field

from aiohttp import web

from gateway.domain.errors import InvalidInput

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_SUBJECT = "X-Client-Certificate-Subject"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from. `subject`: that of a client certificate the proxy verified."""

    address: str
    tls: bool
    forwarded: bool = False
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Proxies:
    """Addresses and networks of proxies that are believed."""

    networks: tuple[Network, ...] = field(default=())

    @classmethod
    def of(cls, text: str) -> "Proxies":
        """Read addresses separated by commas. Raises InvalidInput."""
        try:
            return cls(
                tuple(
                    ipaddress.ip_network(part.strip(), strict=False)
                    for part in text.split(",")
                    if part.strip()
                )
            )
        except ValueError as error:
            raise InvalidInput(f"not an address or network: {error}") from error

    def trust(self, address: str | None) -> bool:
        """Whether an address is one of them."""
        try:
            parsed = ipaddress.ip_address(address or "")
        except ValueError:
            return False
        mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
        return any((mapped or parsed) in network for network in self.networks)

    def origin(self, request: web.Request) -> Origin:
        """The caller of a request: the last address that is no proxy of ours."""
        remote = request.remote or ""
        if not self.trust(remote):
            return Origin(remote, request.secure)
        listed = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
        named = [part.strip() for part in listed if part.strip()]
        address = next((one for one in reversed(named) if not self.trust(one)), remote)
        tls = request.headers.get("X-Forwarded-Proto", "").strip().casefold() in ("https", "wss")
        return Origin(address[:64], tls, forwarded=True, subject=request.headers.get(_SUBJECT) or None)

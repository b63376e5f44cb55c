"""Who a connecting charger says it is, read from the request alone.

Spec: OCPP-J 1.6 sections 3.1.1 and 6.2; security white paper A00.FR.2xx and A00.FR.4xx; A01, B02, B03.
"""

import base64
import binascii
import ipaddress
from collections.abc import Mapping

from aiohttp import web

from gateway.app.access import Attempt
from gateway.domain.ids import ChargerId
from ocpp_side.proxies import Origin

Certificate = Mapping[str, tuple[tuple[tuple[str, str], ...], ...]]
"""What `ssl.SSLSocket.getpeercert` says about a certificate, as far as it is read here."""

_LONGEST_ID = 48
_SHORT_NAMES = {
    "commonName": "CN",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "countryName": "C",
    "localityName": "L",
    "stateOrProvinceName": "ST",
}


def charger_id_of(request: web.Request) -> ChargerId | None:
    """The last segment of the URL, percent-decoded once; None if it cannot be a charger's id."""
    id_ = request.match_info["charger_id"]
    if not 0 < len(id_) <= _LONGEST_ID or not id_.isprintable() or ":" in id_ or "/" in id_:
        return None
    return ChargerId(id_)


def attempt_of(request: web.Request, charger_id: ChargerId, origin: Origin) -> Attempt:
    """What the request shows; the password stays bytes, because keys need not be text."""
    username, password = _basic(request.headers.get("Authorization", ""))
    return Attempt(
        charger_id=charger_id,
        username=username,
        password=password,
        certificate_subject=origin.subject or subject_of(request.get_extra_info("peercert")),
        tls=origin.tls,
        loopback=not origin.forwarded and is_loopback(origin.address),
        remote=origin.address,
    )


def _basic(header: str) -> tuple[str | None, bytes | None]:
    scheme, _, encoded = header.partition(" ")
    if scheme.casefold() != "basic":
        return None, None
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None, None
    username, colon, password = decoded.partition(b":")
    return username.decode(errors="replace"), password if colon else None


def is_loopback(remote: str | None) -> bool:
    """Whether an address is this machine itself, IPv4 written as IPv6 included."""
    try:
        address = ipaddress.ip_address(remote or "")
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def subject_of(certificate: Certificate | None) -> str | None:
    """Subject of a verified client certificate, RFC 4514 style: `CN=CP-1,O=Operator`; None without one."""
    if not certificate:
        return None
    parts = [pair for names in certificate.get("subject", ()) for pair in names]
    return ",".join(f"{_SHORT_NAMES.get(name, name)}={value}" for name, value in reversed(parts)) or None

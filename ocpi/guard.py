"""Which URLs of a partner may be called (T17, T18, CRED-15).

Partners give us URLs; the gateway must not become a way into its own network. The URL is checked before,
and the address again when the socket is made: what a name resolves to is known only then.
"""

import ipaddress
import re
import socket
from collections.abc import Container
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

from gateway.domain.errors import ForbiddenUrl

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
AddressInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[object, ...]]

_LONGEST = 2048
_PLAIN = re.compile(r"[!-~]*")
_NUMERIC_LABEL = re.compile(r"(?:0[xX][0-9a-fA-F]*|[0-9]+)\Z")
_LOCAL_NAMES = ("localhost", ".localhost", ".local", ".internal", ".lan", ".home.arpa", ".intranet")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_FIRST_OPEN_PORT = 1024
_HTTPS = 443


class ForbiddenAddress(OSError):
    """The name resolved to an address that must not be called."""


class UrlGuard:
    """The rule for outgoing calls. `allow_private` opens loopback, private addresses and http, for tests."""

    def __init__(self, *, allow_private: bool = False) -> None:
        self._allow_private = allow_private

    def check(self, url: str, approved_hosts: Container[str] | None = None) -> str:
        """The URL, if it may be called. Raises ForbiddenUrl with the reason.

        `approved_hosts`: the hosts a partner was registered with; others are refused unless private
        addresses are allowed.
        """
        parts = _split(url)
        host = (parts.hostname or "").rstrip(".")
        _check_form(parts, host)
        address = _literal(host)
        if self._allow_private:
            return url
        if parts.scheme != "https":
            raise ForbiddenUrl(f"{_shown(url)}: only https is allowed")
        port = parts.port or _HTTPS
        if port != _HTTPS and port < _FIRST_OPEN_PORT:
            raise ForbiddenUrl(f"{_shown(url)}: port {port} is not allowed")
        if address is not None and not is_public(address):
            raise ForbiddenUrl(f"{_shown(url)}: {host} is not a public address")
        if address is None and (host == _LOCAL_NAMES[0] or host.endswith(_LOCAL_NAMES[1:])):
            raise ForbiddenUrl(f"{_shown(url)}: {host} is a local name")
        if approved_hosts is not None and host not in approved_hosts:
            raise ForbiddenUrl(f"{_shown(url)}: {host} is not a host this partner registered with")
        return url

    def make_socket(self, info: AddressInfo) -> socket.socket:
        """A socket for an address that may be connected to. Raises ForbiddenAddress, nothing being sent."""
        family, type_, protocol, _name, target = info
        if not self._allow_private and not is_public(ipaddress.ip_address(str(target[0]).partition("%")[0])):
            raise ForbiddenAddress(f"{target[0]} is not a public address")
        return socket.socket(family, type_, protocol)


def host_of(url: str) -> str:
    """The host a URL names, as `approved_hosts` compares it; empty if it names none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_public(address: Address) -> bool:
    """Whether an address is on the public internet, also when it wraps another one."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast


def _split(url: str) -> SplitResult:
    if len(url) > _LONGEST or _PLAIN.fullmatch(url) is None:
        raise ForbiddenUrl(f"{_shown(url)}: not a plain URL")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ForbiddenUrl(f"{_shown(url)}: not a URL") from None
    return parts


def _check_form(parts: SplitResult, host: str) -> None:
    trouble = _trouble(parts, host)
    if trouble is not None:
        raise ForbiddenUrl(f"{_shown(parts.geturl())}: {trouble}")


def _trouble(parts: SplitResult, host: str) -> str | None:
    if parts.scheme not in ("http", "https"):
        return "only https is allowed"
    if not host:
        return "there is no host in it"
    if "@" in parts.netloc or "\\" in parts.netloc:
        return "user information in a URL is not allowed"
    return "a fragment is not allowed" if parts.fragment else None


@lru_cache(maxsize=256)
def _literal(host: str) -> Address | None:
    """The address a host spells out; None for a name. Odd spellings of addresses are refused."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    if ":" in host or "%" in host or _NUMERIC_LABEL.match(host.rpartition(".")[2]):
        raise ForbiddenUrl(f"{host} is an unusual spelling of an address")
    return None


def _shown(url: str) -> str:
    """A URL for a message: short, without user information."""
    printable = "".join(c if c.isprintable() and c.isascii() else "?" for c in url[:120])
    scheme, mark, rest = printable.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{mark}{authority.rpartition('@')[2]}{slash}{path}" if mark else printable

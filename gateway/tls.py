"""The TLS side of the gateway: what old and new chargers need, and nothing weaker (B05, B06, B10, T8)."""

import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path

from gateway.domain.errors import InvalidInput

_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
_LEGACY = "AES128-GCM-SHA256:AES256-GCM-SHA384"
"""The RSA key-exchange pair that certified chargers may have instead (A00.FR.317): no forward secrecy."""

_CERTIFICATES = "GATEWAY_PARTNER_CERTIFICATES"


def server_context(
    certificates: Sequence[Path], keys: Sequence[Path], client_roots: str | None, *, legacy: bool = False
) -> ssl.SSLContext:
    """TLS 1.2 and newer, with every certificate given (an RSA and an ECDSA one serve all chargers).

    Clients may present a certificate; one that is not under `client_roots` ends the handshake. Raises
    InvalidInput that names the file.
    """
    if not certificates or len(certificates) != len(keys):
        raise InvalidInput("GATEWAY_TLS_CERT and GATEWAY_TLS_KEY name as many files, separated by commas")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_ciphers(f"{_CIPHERS}:{_LEGACY}" if legacy else _CIPHERS)
    for certificate, key in zip(certificates, keys, strict=True):
        try:
            context.load_cert_chain(certificate, key)
        except (OSError, ssl.SSLError) as error:
            raise InvalidInput(f"{certificate} with {key} is no certificate with its key: {error}") from error
    if client_roots:
        try:
            context.load_verify_locations(cadata=client_roots)
        except ssl.SSLError as error:
            raise InvalidInput(f"the roots of chargers' certificates cannot be read: {error}") from error
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def client_contexts(text: str) -> Mapping[str, ssl.SSLContext]:
    """How to call hosts that demand a client certificate, by host. `text`: HOST=FILE, separated by commas.

    The server is checked as everywhere (TR-09, T8). Raises InvalidInput that names the entry.
    """
    contexts: dict[str, ssl.SSLContext] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        host, mark, file = (piece.strip() for piece in entry.partition("="))
        if not mark or not host or not file or "/" in host:
            raise InvalidInput(f"{entry}: expected HOST=FILE", field=_CERTIFICATES)
        context = ssl.create_default_context()
        try:
            context.load_cert_chain(file, password=_no_password)
        except (OSError, ssl.SSLError) as error:
            reason = f"{file} holds no certificate with its key: {error}"
            raise InvalidInput(reason, field=_CERTIFICATES) from error
        contexts[host.lower().rstrip(".")] = context
    return contexts


def _no_password() -> str:
    """A key with a password is refused: without this OpenSSL asks for it at the terminal."""
    return ""

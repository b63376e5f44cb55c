"""The certificates that a simulated charger trusts: installed, listed by their hashes, deleted.

Spec: OCPP 1.6 security white paper M03 to M05, OCPP 2.0.1 M03 to M05.
"""

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp

from gateway.sim.messages import Payload

_MOST = 20


class TrustStore:
    """Root certificates by use, each with the hash data that names it."""

    def __init__(self, uses: frozenset[str]) -> None:
        self.uses = uses
        self._kept: list[tuple[str, Payload]] = []

    def install(self, use: str, pem: str) -> str:
        """The status of an InstallCertificate: only a root, which signed itself, can be trusted."""
        try:
            certificate = x509.load_pem_x509_certificate(pem.encode())
            certificate.verify_directly_issued_by(certificate)
        except (ValueError, TypeError, InvalidSignature):
            return "Rejected"
        named = (use, hash_data(certificate))
        if use not in self.uses or len(self._kept) >= _MOST:
            return "Failed"
        if named not in self._kept:
            self._kept.append(named)
        return "Accepted"

    def of(self, use: str) -> list[Payload]:
        """The hash data of the certificates of one use."""
        return [data for kept_for, data in self._kept if kept_for == use]

    def delete(self, wanted: Payload) -> str:
        """The status of a DeleteCertificate."""
        left = [(use, data) for use, data in self._kept if data != wanted]
        found = len(left) < len(self._kept)
        self._kept = left
        return "Accepted" if found else "NotFound"


def hash_data(root: x509.Certificate) -> Payload:
    """CertificateHashDataType of a root: the same hashes as in a request about it by RFC 6960."""
    named = ocsp.OCSPRequestBuilder().add_certificate(root, root, hashes.SHA256()).build()
    return {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": named.issuer_name_hash.hex(),
        "issuerKeyHash": named.issuer_key_hash.hex(),
        "serialNumber": f"{named.serial_number:x}",
    }

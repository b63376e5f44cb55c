"""Signs the client certificates of chargers. Spec: security white paper A02, A00.FR.401 to 511; B06, B07.

The subject of a certificate is ours, whatever the request says: CN is the charger's identity, O the operator.
"""

import asyncio
import base64
import binascii
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.app.care_ports import SignedCertificate
from gateway.domain.errors import InvalidInput
from gateway.domain.ids import ChargerId

_ROOT_LIFE = timedelta(days=20 * 365)
_LIFE = timedelta(days=398)
_CLOCK_LEEWAY = timedelta(hours=1)
_SMALLEST_RSA = 2048
_SMALLEST_CURVE = 224
_LONGEST_REQUEST = 10_000
LONGEST_CHAIN = 10_000
"""Characters of a chain in OCPP."""


@dataclass(frozen=True, slots=True)
class Authority:
    """A root certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    operator: str

    @classmethod
    def make(cls, operator: str, now: datetime) -> "Authority":
        """A fresh root on the curve P-256, which small chargers can check."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, operator),
                x509.NameAttribute(NameOID.COMMON_NAME, "Charger root"),
            ]
        )
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        certificate = (
            _builder(name, name, key.public_key(), now, _ROOT_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(certificate, key, operator)

    @classmethod
    def read(cls, pem: bytes) -> "Authority":
        """A root as `pem` wrote it. Raises InvalidInput."""
        try:
            key = serialization.load_pem_private_key(pem, password=None)
            certificate = x509.load_pem_x509_certificate(pem)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise InvalidInput(f"no certificate with its key: {error}") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise InvalidInput("the key is not that of the certificate, or not on an elliptic curve")
        named = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        return cls(certificate, key, str(named[0].value) if named else "")

    def pem(self) -> bytes:
        """Key and certificate, for a file only its owner may read."""
        key = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return key + self.root_pem().encode()

    def root_pem(self) -> str:
        """The certificate alone: what servers check chargers against."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    async def check(self, request: str, charger_id: ChargerId) -> None:
        """See `CertificateAuthority.check`; off the event loop, since keys of 4096 bits take a while."""
        await asyncio.to_thread(fit_request, request, charger_id)

    async def sign(self, request: str, charger_id: ChargerId, now: datetime) -> SignedCertificate:
        """See `CertificateAuthority.sign`; off the event loop, too."""
        return await asyncio.to_thread(self._sign, request, charger_id, now)

    def _sign(self, request: str, charger_id: ChargerId, now: datetime) -> SignedCertificate:
        key = fit_request(request, charger_id).public_key()
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.operator),
                x509.NameAttribute(NameOID.COMMON_NAME, charger_id),
            ]
        )
        life = min(_LIFE, self.certificate.not_valid_after_utc - now)
        certificate = (
            _builder(subject, self.certificate.subject, key, now, life)  # type: ignore[arg-type]
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        chain = certificate.public_bytes(serialization.Encoding.PEM).decode() + self.root_pem()
        if len(chain) > LONGEST_CHAIN:
            raise InvalidInput("the chain is longer than OCPP allows", field="csr")
        return SignedCertificate(chain, certificate.not_valid_after_utc)


Key = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_LEEWAY)
        .not_valid_after(now + life)
    )


def _strong(key: object) -> bool:
    match key:
        case rsa.RSAPublicKey():
            return key.key_size >= _SMALLEST_RSA
        case ec.EllipticCurvePublicKey():
            return key.key_size >= _SMALLEST_CURVE
        case _:
            return False


def fit_request(text: str, charger_id: ChargerId) -> x509.CertificateSigningRequest:
    """The request, if a charger may have a certificate for it. Raises InvalidInput."""
    wanted = _read_request(text)
    named = wanted.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if named and named[0].value != charger_id:
        raise InvalidInput(f"the request is for {named[0].value!r}", field="csr")
    if not _strong(wanted.public_key()):
        raise InvalidInput("the key is too weak or of an unknown kind", field="csr")
    return wanted


def _read_request(text: str) -> x509.CertificateSigningRequest:
    """A PKCS#10 request, as PEM or as Base64 without the lines around it."""
    if len(text) > _LONGEST_REQUEST:
        raise InvalidInput("the request is too long", field="csr")
    try:
        if "BEGIN" in text:
            request = x509.load_pem_x509_csr(text.strip().encode())
        else:
            request = x509.load_der_x509_csr(base64.b64decode("".join(text.split()), validate=True))
        if not request.is_signature_valid:
            raise InvalidInput("the request is not signed with its own key", field="csr")
    except (ValueError, binascii.Error, UnsupportedAlgorithm, InvalidSignature) as error:
        raise InvalidInput(f"cannot be read: {error}", field="csr") from error
    return request

"""Is the signature on an OCMF dataset right? ECDSA over the payload's exact bytes.

Spec: OCMF 1.x "Signature section": `SA` names the curve and hash (ECDSA-secp256r1-SHA256 where it is left
out), `SE` the encoding of `SD` (hex where it is left out), `SD` a DER signature. Public keys come as DER
(SubjectPublicKeyInfo) or as the bare point, in hex or Base64.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from enum import StrEnum

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from gateway.domain.ocmf import read_ocmf

_DEFAULT_ALGORITHM = "ECDSA-secp256r1-SHA256"
_CURVES: dict[str, type[ec.EllipticCurve]] = {
    "secp192r1": ec.SECP192R1,
    "secp224r1": ec.SECP224R1,
    "secp256k1": ec.SECP256K1,
    "secp256r1": ec.SECP256R1,
    "secp384r1": ec.SECP384R1,
    "secp521r1": ec.SECP521R1,
    "brainpool256r1": ec.BrainpoolP256R1,
    "brainpoolp256r1": ec.BrainpoolP256R1,
    "brainpool384r1": ec.BrainpoolP384R1,
    "brainpoolp384r1": ec.BrainpoolP384R1,
    "brainpoolp512r1": ec.BrainpoolP512R1,
}
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


class SignatureState(StrEnum):
    """What can be said about a signature."""

    VALID = "VALID"
    INVALID = "INVALID"
    NOT_CHECKED = "NOT_CHECKED"


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """The result with its reason, for a person."""

    state: SignatureState
    reason: str


def check_ocmf(data: str, public_key: str | None) -> SignatureCheck:
    """Check one dataset with a public key (hex, Base64 or PEM). Never raises."""
    dataset = read_ocmf(data)
    if dataset is None:
        return _not_checked("this is not OCMF")
    if not public_key:
        return _not_checked("the public key is not known")
    try:
        section = json.loads(dataset.signature)
    except (ValueError, RecursionError):
        return SignatureCheck(SignatureState.INVALID, "the signature section is not JSON")
    if not isinstance(section, dict):
        return SignatureCheck(SignatureState.INVALID, "the signature section is not an object")
    algorithm = str(section.get("SA") or _DEFAULT_ALGORITHM)
    curve, digest = _algorithm(algorithm)
    if curve is None or digest is None:
        return _not_checked(f"algorithm {algorithm} is not known")
    signature = _signature(section)
    if signature is None:
        return SignatureCheck(SignatureState.INVALID, "the signature cannot be read")
    return _verified(dataset.payload, signature, public_key, curve(), digest(), algorithm)


def _verified(
    payload: str,
    signature: bytes,
    public_key: str,
    curve: ec.EllipticCurve,
    digest: hashes.HashAlgorithm,
    algorithm: str,
) -> SignatureCheck:
    key = read_public_key(public_key, curve)
    if key is None:
        return _not_checked("the public key cannot be read")
    if key.curve.name != curve.name:
        return SignatureCheck(SignatureState.INVALID, f"the key is for {key.curve.name}, not {algorithm}")
    try:
        key.verify(signature, payload.strip().encode(), ec.ECDSA(digest))
    except InvalidSignature:
        return SignatureCheck(SignatureState.INVALID, "the signature does not belong to this data and key")
    except UnsupportedAlgorithm:
        return _not_checked(f"{algorithm} is not supported here")
    return SignatureCheck(SignatureState.VALID, algorithm)


def read_public_key(text: str, curve: ec.EllipticCurve) -> ec.EllipticCurvePublicKey | None:
    """A public key in PEM, or DER or a bare point in hex or Base64; None if it is none of these."""
    raw = None if text.lstrip().startswith("-----") else _bytes(text)
    try:
        if raw is None:
            key = load_pem_public_key(text.strip().encode())
        elif raw[:1] in (b"\x02", b"\x03", b"\x04"):
            key = ec.EllipticCurvePublicKey.from_encoded_point(curve, raw)
        else:
            key = load_der_public_key(raw)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, ec.EllipticCurvePublicKey) else None


def _algorithm(
    name: str,
) -> tuple[type[ec.EllipticCurve] | None, type[hashes.HashAlgorithm] | None]:
    """Curve and hash of a name like ECDSA-secp256r1-SHA256."""
    scheme, _, rest = name.lower().partition("-")
    curve, _, digest = rest.partition("-")
    return (_CURVES.get(curve), _HASHES.get(digest)) if scheme == "ecdsa" else (None, None)


def _signature(section: dict[str, object]) -> bytes | None:
    text = section.get("SD")
    if not isinstance(text, str):
        return None
    try:
        if str(section.get("SE") or "hex").lower() == "base64":
            return base64.b64decode(text, validate=True)
        return bytes.fromhex(text)
    except (binascii.Error, ValueError):
        return None


def _bytes(text: str) -> bytes | None:
    """Hex if it can be hex, else Base64."""
    plain = "".join(text.split())
    try:
        return bytes.fromhex(plain)
    except ValueError:
        pass
    try:
        return base64.b64decode(plain, validate=True)
    except (binascii.Error, ValueError):
        return None


def _not_checked(reason: str) -> SignatureCheck:
    return SignatureCheck(SignatureState.NOT_CHECKED, reason)

"""Signed meter data for people: is the signature right, and the file to check it elsewhere."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import replace

from gateway.domain.readings import SignedReading
from gateway.signatures.ocmf import SignatureCheck, check_ocmf
from gateway.signatures.transparency import transparency_file


class MeterSignatures:
    """What the operator API shows of signed meter data."""

    def check(self, reading: SignedReading) -> SignatureCheck:
        """Whether the signature belongs to the data. Never raises."""
        return check_ocmf(_decoded(reading.data), reading.public_key)

    def transparency(self, readings: Sequence[SignedReading], transaction: str) -> bytes:
        """The transparency file; datasets that came wrapped in Base64 are unwrapped."""
        return transparency_file([replace(r, data=_decoded(r.data)) for r in readings], transaction)


def _decoded(data: str) -> str:
    """OCMF out of its Base64, where a charger or a CDR wrapped it so; anything else as it is."""
    try:
        inner = base64.b64decode(data, validate=True).decode()
    except (binascii.Error, ValueError):
        return data
    return inner if inner.startswith("OCMF|") else data

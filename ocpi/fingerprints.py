"""Fingerprints of CDRs as they go over the wire: the SHA-256 of the body, byte for byte."""

import hashlib
from collections.abc import Mapping

from gateway.app.parcels import CdrParcel
from gateway.domain.cdrs import Cdr
from gateway.domain.errors import GatewayError
from gateway.domain.partners import Partner
from ocpi import json
from ocpi.dialect import Dialect
from ocpi.fitting import fitted

_TERMS = 16


class WireFingerprints:
    """Implements `gateway.app.fingerprints.Fingerprints`. `release`: the gateway's own version."""

    def __init__(self, dialects: Mapping[str, Dialect], release: str) -> None:
        self._dialects = dialects
        self._release = release

    def of(self, partner: Partner, cdr: Cdr) -> str | None:
        """See `Fingerprints.of`."""
        dialect = self._dialects.get(partner.version or "")
        if dialect is None:
            return None
        try:
            request = dialect.request_for(CdrParcel(cdr), partner)
        except GatewayError:
            return None
        body = json.render(fitted(request.module, request.body, partner.profile))
        terms = f"{self._release}\n{partner.version}\n{partner.profile!r}".encode()
        return f"{hashlib.sha256(terms).hexdigest()[:_TERMS]}:{hashlib.sha256(body).hexdigest()}"

"""Certificates of plug and charge: what this gateway does not know, a plug-in may (ISO 15118; C28, D23).

A contract is authorized with its issuer in real time like any card. Whether its certificate is revoked, and
where a car gets a new one, is known to OCSP responders and contract pools, which operators reach by very
different ways: a package adds its own with an entry point `broker` of the group
`ocpp_ocpi_gateway.plug_and_charge`, whose value is an object like `Broker`. Without one the answers say that
nothing is known.
"""

import asyncio
import logging
from collections.abc import Awaitable, Mapping, Sequence
from functools import cache
from importlib.metadata import entry_points
from typing import Protocol, TypeVar

from ocpp_side.translate.lenient import Payload, rows

log = logging.getLogger(__name__)
GROUP = "ocpp_ocpi_gateway.plug_and_charge"
_NAME = "broker"
_PATIENCE_S = 5.0
T = TypeVar("T")


class Broker(Protocol):
    """Knows about certificates of contracts; each method has a few seconds. Hashes are as OCPP has them."""

    async def contract_status(self, chain: str | None, hashes: Sequence[Mapping[str, object]]) -> str | None:
        """A word of AuthorizeCertificateStatusEnumType about a chain (PEM) or its hashes; None: not known."""

    async def certificate_status(self, certificate: Mapping[str, object]) -> str | None:
        """The OCSP response for one certificate, DER in Base64; None: not known."""

    async def ev_certificate(self, schema_version: str, action: str, request: str) -> str | None:
        """The answer to a car's EXI request for its contract certificate; None: there is none."""


class NoBroker:
    """Knows nothing."""

    async def contract_status(self, chain: str | None, hashes: Sequence[Mapping[str, object]]) -> str | None:
        """Not known."""
        del chain, hashes
        return None

    async def certificate_status(self, certificate: Mapping[str, object]) -> str | None:
        """Not known."""
        del certificate
        return None

    async def ev_certificate(self, schema_version: str, action: str, request: str) -> str | None:
        """There is none."""
        del schema_version, action, request
        return None


@cache
def installed_broker() -> Broker:
    """The plug-in of an installed package; one that cannot be loaded is logged and left out."""
    for point in entry_points(group=GROUP, name=_NAME):
        try:
            broker: Broker = point.load()
        except Exception:
            log.exception("the plug-in %s cannot be loaded", point.value)
        else:
            return broker
    return NoBroker()


async def contract_word(broker: Broker, payload: Payload) -> str | None:
    """What the plug-in says about the certificate in an Authorize; None: there is none, or nobody knows."""
    chain, hashes = payload.get("certificate"), rows(payload.get("iso15118CertificateHashData"))
    if not chain and not hashes:
        return None
    return await _asked(broker.contract_status(chain if isinstance(chain, str) else None, hashes))


async def certificate_status_answer(broker: Broker, payload: Payload) -> dict[str, object]:
    """GetCertificateStatusResponse."""
    certificate = payload.get("ocspRequestData")
    found = None
    if isinstance(certificate, dict):
        found = await _asked(broker.certificate_status(certificate))
    return {"status": "Failed"} if found is None else {"status": "Accepted", "ocspResult": found}


async def ev_certificate_answer(broker: Broker, payload: Payload) -> dict[str, object]:
    """Get15118EVCertificateResponse."""
    names = ("iso15118SchemaVersion", "action", "exiRequest")
    version, action, request = (str(payload.get(name) or "") for name in names)
    found = await _asked(broker.ev_certificate(version, action, request))
    return {"status": "Failed" if found is None else "Accepted", "exiResponse": found or ""}


async def _asked(answer: Awaitable[T | None]) -> T | None:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await answer
    except TimeoutError:
        log.warning("the plug-in for plug and charge did not answer within %g s", _PATIENCE_S)
    except Exception:
        # The edge to foreign code: its defects must not cost the charger its answer.
        log.exception("the plug-in for plug and charge failed")
    return None

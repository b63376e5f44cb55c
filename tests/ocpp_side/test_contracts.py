"""Certificates of contracts: what a plug-in says, and what is said without one (C28, D23)."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from gateway.domain.authorization import Authorization, Verdict
from ocpp_side import contracts
from ocpp_side.contracts import NoBroker
from ocpp_side.translate import v2x
from ocpp_side.translate.lenient import Payload

HASH: dict[str, object] = {"hashAlgorithm": "SHA256", "serialNumber": "2A"}
HASHES: Payload = {"iso15118CertificateHashData": [HASH]}
CHAIN: Payload = {"certificate": "PEM"}
CAR: Payload = {"iso15118SchemaVersion": "urn:iso:15118:2:2013", "action": "Install", "exiRequest": "gAE="}


class Knowing:
    """Knows one certificate."""

    async def contract_status(self, chain: str | None, hashes: Sequence[Mapping[str, object]]) -> str | None:
        return "CertificateRevoked" if chain == "PEM" or list(hashes) == [HASH] else None

    async def certificate_status(self, certificate: Mapping[str, object]) -> str | None:
        return "T0NTUA==" if certificate == HASH else None

    async def ev_certificate(self, schema_version: str, action: str, request: str) -> str | None:
        return f"{action} {request}" if schema_version.endswith("2013") else None


class Broken:
    """Fails, or does not come to an end."""

    async def contract_status(self, chain: str | None, hashes: Sequence[Mapping[str, object]]) -> str | None:
        raise RuntimeError("a defect, on purpose")

    async def certificate_status(self, certificate: Mapping[str, object]) -> str | None:
        await asyncio.Event().wait()
        return None

    async def ev_certificate(self, schema_version: str, action: str, request: str) -> str | None:
        raise RuntimeError("a defect, on purpose")


@pytest.mark.parametrize(
    ("shown", "verdict", "known", "status"),
    [
        ({}, Verdict.ALLOWED, None, None),
        (HASHES, Verdict.ALLOWED, None, "Accepted"),
        (HASHES, Verdict.ALLOWED, "CertificateRevoked", "CertificateRevoked"),
        (HASHES, Verdict.NO_CREDIT, None, "Accepted"),
        (HASHES, Verdict.BLOCKED, "Accepted", "ContractCancelled"),
        (HASHES, Verdict.UNKNOWN, None, "ContractCancelled"),
        (CHAIN, Verdict.ALLOWED, None, "NoCertificateAvailable"),
        (CHAIN, Verdict.ALLOWED, "Accepted", "Accepted"),
        ({**CHAIN, **HASHES}, Verdict.ALLOWED, None, "NoCertificateAvailable"),
    ],
)
def test_the_status_of_a_contract(
    shown: Payload, verdict: Verdict, known: str | None, status: str | None
) -> None:
    """D06, D23: the issuer's word first, then the plug-in's; a chain nobody checked is not accepted."""
    assert v2x.card_answer(Authorization(verdict, "x"), shown, known).get("certificateStatus") == status


async def test_what_a_plug_in_knows() -> None:
    """D23, C28: handed over as it is."""
    broker = Knowing()
    assert await contracts.contract_word(broker, HASHES) == "CertificateRevoked"
    assert await contracts.contract_word(broker, CHAIN) == "CertificateRevoked"
    assert await contracts.contract_word(broker, {}) is None
    asked = await contracts.certificate_status_answer(broker, {"ocspRequestData": HASH})
    assert asked == {"status": "Accepted", "ocspResult": "T0NTUA=="}
    assert await contracts.ev_certificate_answer(broker, CAR) == {
        "status": "Accepted",
        "exiResponse": "Install gAE=",
    }


@pytest.mark.parametrize("broker", [NoBroker(), Broken()], ids=["none", "broken"])
async def test_without_one_it_is_said(broker: contracts.Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """D23: nothing is invented; a plug-in that fails or hangs costs the charger no answer."""
    monkeypatch.setattr(contracts, "_PATIENCE_S", 0.05)
    assert await contracts.contract_word(broker, HASHES) is None
    assert await contracts.certificate_status_answer(broker, {"ocspRequestData": HASH}) == {
        "status": "Failed"
    }
    assert await contracts.ev_certificate_answer(broker, CAR) == {"status": "Failed", "exiResponse": ""}

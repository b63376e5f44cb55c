"""The same stories with chargers of every OCPP version: simulated charger, real gateway, real partner."""

import base64
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.bootstrap import Gateway
from gateway.domain.errors import InvalidInput
from gateway.sim.charger import SimulatedCharger
from gateway.sim.charger_v2x import SimulatedCharger2, simulated_charger
from gateway.sim.script import ChargePlan, Misbehaviour, charge, take_energy
from gateway.sim.station import Identity
from tests.fakes_ocpp import PASSWORD
from tests.flows.stage import CARD, CHARGER, OTHER_CARD, cdrs, network, roaming

EVERY = pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
OFFLINE, TWICE = Misbehaviour.OFFLINE_REPLAY, Misbehaviour.DUPLICATE_FRAMES
POWER_LOSS, RESUMED = Misbehaviour.POWER_LOSS, Misbehaviour.RESUMED


def plan(*wrong: Misbehaviour, card: str = CARD, connector: int = 1, power_kw: int = 11) -> ChargePlan:
    """5.5 kWh; half an hour in half a second."""
    return ChargePlan(
        card, connector, Decimal(power_kw), kwh=Decimal("5.5"), sample_every=timedelta(minutes=5), speed=3000,
        misbehaviours=frozenset(wrong),
    )  # fmt: skip


def station(gateway: Gateway, version: str, *, evses: int = 1) -> SimulatedCharger:
    return simulated_charger(f"{gateway.url}/ocpp", Identity(CHARGER, PASSWORD, connectors=evses), version)


def wh(cdr: dict[str, Any]) -> Decimal:
    return Decimal(str(cdr["total_energy"])) * 1000


@EVERY
async def test_plug_card_charge_stop(tmp_path: Path, version: str) -> None:
    """C05 to C12, D08, D09, E01: billed is what the meter says; a charger that can show it hears the cost."""
    async with roaming(tmp_path) as (gateway, _, partner), station(gateway, version) as charger:
        charged = await charge(charger, plan())
        (cdr,) = await cdrs(partner)
        asked = [authorization.uid for authorization in partner.ledger.authorizations]
    assert wh(cdr) == charged.energy_wh >= 5500
    assert cdr["cdr_token"]["uid"] == CARD
    assert asked[0] == CARD
    if isinstance(charger, SimulatedCharger2):
        assert charger.costs[-1] == float(cdr["total_cost"]["incl_vat"])
        assert charger.costs == sorted(charger.costs)


@EVERY
@pytest.mark.parametrize("wrong", [{OFFLINE}, {OFFLINE, TWICE}], ids=["once", "twice"])
async def test_an_offline_day_replayed(tmp_path: Path, version: str, wrong: set[Misbehaviour]) -> None:
    """C16, D10, D11, Q02: the same CDR as if the line had held, also with every message sent twice."""
    async with roaming(tmp_path) as (gateway, _, partner), station(gateway, version) as charger:
        charged = await charge(charger, plan(*wrong))
        (cdr,) = await cdrs(partner)
    assert wh(cdr) == charged.energy_wh >= 5500


@EVERY
async def test_power_loss(tmp_path: Path, version: str) -> None:
    """C17a: the charger reboots in the middle and tells the end afterwards."""
    async with roaming(tmp_path) as (gateway, _, partner), station(gateway, version) as charger:
        charged = await charge(charger, plan(POWER_LOSS))
        (cdr,) = await cdrs(partner)
        assert charger.boots == 2
    assert wh(cdr) == charged.energy_wh >= 2750
    assert "PowerLoss" in cdr["remark"]


async def test_a_transaction_that_survives_a_power_loss(tmp_path: Path) -> None:
    """E06: charging goes on in the same transaction, and what came after the reboot is billed with it."""
    async with roaming(tmp_path) as (gateway, _, partner), station(gateway, "2.1") as charger:
        charged = await charge(charger, plan(RESUMED))
        (cdr,) = await cdrs(partner)
        assert charger.boots == 2
    assert wh(cdr) == charged.energy_wh >= 5500
    assert "PowerLoss" not in cdr.get("remark", "")


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_only_2_1_resumes(version: str) -> None:
    """E06: said at once, before anything is started."""
    charger = simulated_charger("ws://127.0.0.1:9/ocpp", Identity(CHARGER), version)
    with pytest.raises(InvalidInput, match="resume"):
        await take_energy(charger, plan(RESUMED))
    assert charger.courier.pending == 0


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
async def test_a_message_that_never_comes_is_said(tmp_path: Path, version: str) -> None:
    """D10: the energy is right by the registers; operator and partner are told that something lacks."""
    async with roaming(tmp_path) as (gateway, operator, partner), station(gateway, version) as charger:
        charged = await charge(charger, plan(Misbehaviour.LOST_MESSAGE))
        (cdr,) = await cdrs(partner)
        (session,) = (await operator("GET", "/sessions"))["items"]
    assert wh(cdr) == charged.energy_wh >= 5500
    (flag,) = [flag for flag in session["flags"] if flag["reason"] == "MESSAGES_MISSING"]
    assert flag["detail"] in cdr["remark"]


@EVERY
async def test_two_evses_at_once(tmp_path: Path, version: str) -> None:
    """D24, M01, M02: two drivers at one charger, each with a session of his own."""
    made = network()
    (location,) = made["locations"]
    (evse,) = location["evses"]
    location["evses"].append({**evse, "uid": "EVSE-2", "evse_id": "NL*GWY*E2"})
    made["chargers"][0]["connectors"].append({"number": 2, "evse_uid": "EVSE-2", "connector_id": "1"})
    async with (
        roaming(tmp_path, made) as (gateway, _, partner),
        station(gateway, version, evses=2) as charger,
    ):
        # One clock for both: the second car comes while the first one charges.
        charger.clock.rewind(timedelta(minutes=40), 3000)
        first = charger.begin(1, CARD, Decimal(11_000))
        other = await charge(charger, plan(card=OTHER_CARD, connector=2, power_kw=22))
        charger.sample(first)
        charger.end(first)
        await charger.settled()
        bills = {cdr["cdr_token"]["uid"]: cdr for cdr in await cdrs(partner, 2)}
    assert first.end is not None
    assert wh(bills[OTHER_CARD]) == other.energy_wh
    assert wh(bills[CARD]) == int(first.end.register_wh) - int(first.start.register_wh)
    assert {cdr["cdr_location"]["evse_uid"] for cdr in bills.values()} == {"EVSE-1", "EVSE-2"}


OCMF = (
    'OCMF|{"FV":"1.0","GI":"X","RD":[{"TM":"2026-11-22T10:00:00,000+0000 S","RV":%s,"RU":"kWh"}]}|{"SD":"%s"}'
)
BEGIN, END = OCMF % ("1.000", "aa"), OCMF % ("3.000", "bb")


def envelope(data: str) -> dict[str, str]:
    return {
        "signedMeterData": base64.b64encode(data.encode()).decode(),
        "signingMethod": "ECDSA-secp256r1-SHA256", "encodingMethod": "OCMF", "publicKey": "",
    }  # fmt: skip


async def signed_16(charger: SimulatedCharger, began: datetime) -> None:
    """Signed values in the transaction data of the stop (C29)."""

    def value(at: str, data: str, context: str) -> dict[str, Any]:
        sampled = {"value": json.dumps(envelope(data)), "format": "SignedData", "context": context}
        return {"timestamp": at, "sampledValue": [sampled]}

    first, last = stamp(began), stamp(began + timedelta(minutes=20))
    start = {"connectorId": 1, "idTag": CARD, "meterStart": 1000, "timestamp": first}
    answer = await charger.call("StartTransaction", start)
    assert answer["idTagInfo"]["status"] == "Accepted"
    data = [value(first, BEGIN, "Transaction.Begin"), value(last, END, "Transaction.End")]
    stop = {"transactionId": answer["transactionId"], "meterStop": 3000, "timestamp": last}
    await charger.call("StopTransaction", {**stop, "transactionData": data})


async def signed_2x(charger: SimulatedCharger, began: datetime) -> None:
    """Signed values beside the readings of the first and the last event (D15)."""

    def event(kind: str, n: int, minutes: int, register: int, data: str, **more: Any) -> dict[str, Any]:
        at = stamp(began + timedelta(minutes=minutes))
        context = "Transaction.Begin" if kind == "Started" else "Transaction.End"
        sampled = {"value": register, "context": context, "signedMeterValue": envelope(data)}
        return {
            "eventType": kind, "timestamp": at, "triggerReason": "Authorized", "seqNo": n,
            "transactionInfo": {"transactionId": "signed-1"},
            "meterValue": [{"timestamp": at, "sampledValue": [sampled]}], **more,
        }  # fmt: skip

    card = {"idToken": {"idToken": CARD, "type": "ISO14443"}, "evse": {"id": 1}}
    answer = await charger.call("TransactionEvent", event("Started", 0, 0, 1000, BEGIN, **card))
    assert answer["idTokenInfo"]["status"] == "Accepted"
    await charger.call("TransactionEvent", event("Ended", 1, 20, 3000, END))


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


@EVERY
async def test_signed_values_reach_the_partner_byte_for_byte(tmp_path: Path, version: str) -> None:
    """C29, D15, M53, Q47: the datasets of begin and end are in the CDR exactly as they were signed."""
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)
    async with roaming(tmp_path) as (gateway, _, partner), station(gateway, version) as charger:
        await (signed_16 if version == "1.6" else signed_2x)(charger, began)
        (cdr,) = await cdrs(partner)
    values = cdr["signed_data"]["signed_values"]
    assert [(v["nature"], base64.b64decode(v["signed_data"]).decode()) for v in values] == [
        ("Start", BEGIN),
        ("End", END),
    ]
    assert Decimal(str(cdr["total_energy"])) == 2

"""App drivers of four versions: start by command, session, stop by command, CDR (CMD-01 to CMD-10)."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.bootstrap import Gateway
from gateway.sim.charger import SimulatedCharger
from gateway.sim.ledger import Held
from gateway.sim.partner import SimulatedPartner
from gateway.sim.script import ChargePlan, charge_on_remote_start
from gateway.sim.station import Identity
from tests.fakes_ocpp import PASSWORD
from tests.flows.stage import CHARGER, stage
from tests.flows.test_first_session import only
from tests.flows.test_four_versions import VERSIONS, card_of, introduce, platform

PLACE = {"location_id": "LOC1", "evse_uid": "EVSE-1"}
WITH_OWN_RESULT = ("2.2", "2.2.1", "2.3.0")


def charging(gateway: Gateway) -> SimulatedCharger:
    """A charger that charges until it is told to stop, a hundred times as fast as the clock."""
    plan = ChargePlan(card="", kwh=Decimal(500), speed=100)
    return SimulatedCharger(
        gateway.url.replace("http", "ws", 1) + "/ocpp",
        Identity(CHARGER, PASSWORD),
        on_remote_start=charge_on_remote_start(plan),
    )


def start_body(partner: SimulatedPartner, version: str) -> dict[str, Any]:
    token = partner.sender.token(card_of(version, type="RFID" if version == "2.1.1" else "APP_USER"))
    reference = {} if version == "2.1.1" else {"authorization_reference": "APP-REF-1"}
    return {**PLACE, "token": token, **reference}


def running(partner: SimulatedPartner) -> Held | None:
    return next((s for s in partner.ledger.sessions.values() if s.body["status"] == "ACTIVE"), None)


def receipt_of(version: str, answer: dict[str, Any]) -> str:
    """CMD-02, CMD-04: only 2.1.1 says nothing of a timeout."""
    assert ("timeout" in answer) == (version in WITH_OWN_RESULT)
    return str(answer["result"])


@pytest.mark.parametrize("version", VERSIONS)
async def test_start_and_stop_by_command(tmp_path: Path, version: str) -> None:
    async with stage(tmp_path) as (gateway, operator), platform(version) as partner:
        await introduce(operator, partner, they_begin=True)
        async with charging(gateway):
            started = await partner.command("START_SESSION", start_body(partner, version))
            assert receipt_of(version, started.receipt) == "ACCEPTED"
            assert (await partner.commander.result(started))["result"] == "ACCEPTED"
            session = await partner.ledger.until(lambda: running(partner), "session ACTIVE")
            stopped = await partner.command("STOP_SESSION", {"session_id": session.body["id"]})
            assert receipt_of(version, stopped.receipt) == "ACCEPTED"
            assert (await partner.commander.result(stopped))["result"] == "ACCEPTED"
            await partner.ledger.until(lambda: partner.ledger.cdrs or None, "CDR accepted")
        cdr = only(partner.ledger.cdrs).body
        assert cdr["auth_method"] == ("AUTH_REQUEST" if version == "2.1.1" else "COMMAND")
        contract = card_of(version).contract_id
        assert contract == (cdr["auth_id"] if version == "2.1.1" else cdr["cdr_token"]["contract_id"])
        if version != "2.1.1":
            assert cdr["authorization_reference"] == "APP-REF-1"
            assert cdr["cdr_token"]["type"] == "APP_USER"
        assert [len(asked.results) for asked in partner.commander.asked.values()] == [1, 1]
        assert partner.ledger.remarks == []


@pytest.mark.parametrize("version", VERSIONS)
async def test_what_cannot_be_done_is_said_in_the_words_there_are(tmp_path: Path, version: str) -> None:
    """CMD-02, CMD-10: an unknown session is named at once, an absent charger is refused."""
    async with stage(tmp_path) as (_, operator), platform(version) as partner:
        await introduce(operator, partner, they_begin=True)
        unknown = await partner.command("STOP_SESSION", {"session_id": "nothing"})
        assert receipt_of(version, unknown.receipt) == "UNKNOWN_SESSION"
        absent = await partner.command("START_SESSION", start_body(partner, version))
        assert receipt_of(version, absent.receipt) == "REJECTED"
        await asyncio.sleep(0)
        assert [asked.results for asked in partner.commander.asked.values()] == [[], []]

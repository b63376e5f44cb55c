"""A car plugged in before its driver asks to charge, at chargers whose transactions start with the cable."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.sim.charger import SimulatedCharger
from gateway.sim.charger_v2x import VERSIONS, simulated_charger
from gateway.sim.partner import SimulatedPartner
from gateway.sim.station import Identity
from tests.fakes_ocpp import PASSWORD
from tests.flows.stage import CHARGER, cdrs, stage
from tests.flows.test_commands import app_token
from tests.flows.test_commands_to_2x import PLACE, Driver


class Cable:
    """What a charger says of one transaction."""

    def __init__(self, charger: SimulatedCharger) -> None:
        self._charger = charger
        self._number = 0

    async def tell(self, kind: str, trigger: str, wh: int, **more: Any) -> Any:
        """One TransactionEvent with the register in it."""
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        context = {"Started": "Transaction.Begin", "Ended": "Transaction.End"}.get(kind, "Sample.Periodic")
        event = {
            "eventType": kind,
            "timestamp": now,
            "triggerReason": trigger,
            "seqNo": self._number,
            "transactionInfo": {"transactionId": "cable-1"},
            "meterValue": [{"timestamp": now, "sampledValue": [{"value": wh, "context": context}]}],
            **more,
        }
        self._number += 1
        return await self._charger.call("TransactionEvent", event)


@pytest.mark.parametrize("version", [v for v in VERSIONS if v != "1.6"])
async def test_an_app_starts_a_plugged_car(tmp_path: Path, version: str) -> None:
    """D16, SES-04: the session of the command goes ACTIVE and COMPLETED, and there is one CDR, of it."""

    async def start(charger: SimulatedCharger, connector: int, card: str) -> None:
        del charger, connector
        token = {"idToken": card, "type": "Central"}
        answer = await cable.tell("Updated", "RemoteStart", 1000, idToken=token)
        assert answer["idTokenInfo"]["status"] == "Accepted"
        await cable.tell("Updated", "MeterValuePeriodic", 2500)

    async with stage(tmp_path) as (gateway, operator), SimulatedPartner("NL", "EMS") as partner:
        await partner.register(*await operator.invite("Great eMSP", "NL-EMS"))
        url = f"{gateway.url}/ocpp".replace("http", "ws", 1)
        identity = Identity(CHARGER, PASSWORD)
        async with simulated_charger(url, identity, version, on_remote_start=start) as charger:
            cable, driver = Cable(charger), Driver(partner)
            await cable.tell("Started", "CablePluggedIn", 1000, evse={"id": 1, "connectorId": 1})
            await driver.ask("START_SESSION", token=app_token(), **PLACE)
            session_id = (await driver.until("ACTIVE")).body["id"]
            await charger.settled()
            await cable.tell("Ended", "EVDeparted", 4000)
            assert (await driver.until("COMPLETED")).body["id"] == session_id
            (cdr,) = await cdrs(partner)
        assert (cdr["session_id"], float(cdr["total_energy"])) == (session_id, 3)
        assert len(partner.ledger.sessions) == 1
        assert partner.ledger.remarks == []

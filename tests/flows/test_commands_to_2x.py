"""All a partner can ask of a charger, asked of one that speaks OCPP 2.0.1 or 2.1, over real sockets."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.sim.charger_v2x import VERSIONS, simulated_charger
from gateway.sim.commander import Asked
from gateway.sim.ledger import Held
from gateway.sim.partner import SimulatedPartner
from gateway.sim.script import ChargePlan, charge_on_remote_start
from gateway.sim.station import ConfigurationEntry, Identity
from tests.fakes_ocpp import PASSWORD
from tests.flows.stage import CHARGER, stage
from tests.flows.test_commands import app_token

PLACE = {"location_id": "LOC1", "evse_uid": "EVSE-1"}
PLUG = {**PLACE, "connector_id": "1"}
PLAN = ChargePlan(
    card="", power_kw=Decimal(11), duration=timedelta(hours=2), sample_every=timedelta(seconds=1)
)


class Driver:
    """A driver with an app: what he asks for, and what he sees."""

    def __init__(self, partner: SimulatedPartner) -> None:
        self._partner = partner
        self.commander = partner.commander

    async def ask(self, command: str, result: str = "ACCEPTED", **fields: Any) -> Asked:
        """Send a command and wait for its one result."""
        asked = await self.commander.send(command, **fields)
        assert asked.receipt["result"] == "ACCEPTED", asked.receipt
        assert (await self.commander.result(asked, 20))["result"] == result
        return asked

    async def reserve(self, reservation_id: str) -> Held:
        expiry = (datetime.now(UTC) + timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%SZ")
        await self.ask(
            "RESERVE_NOW", token=app_token(), reservation_id=reservation_id, expiry_date=expiry, **PLACE
        )
        return await self.until("RESERVATION")

    async def until(self, status: str) -> Held:
        def found() -> Held | None:
            sessions = self._partner.ledger.sessions.values()
            return next((held for held in sessions if held.body["status"] == status), None)

        return await self._partner.ledger.until(found, f"session {status}", 20)

    async def pushed(self, session_id: str, count: int) -> list[tuple[int, Decimal]]:
        """The periods of the active profile that was pushed as the n-th."""
        profiles = self.commander.active_profiles
        await self._partner.ledger.until(
            lambda: len(profiles.get(session_id, ())) >= count or None, f"active profile {count}", 20
        )
        made = profiles[session_id][count - 1]["charging_profile"]
        assert made["charging_rate_unit"] == "A"
        return [(p["start_period"], Decimal(str(p["limit"]))) for p in made["charging_profile_period"]]


@pytest.mark.parametrize("version", VERSIONS)
async def test_reserve_start_steer_unlock_stop(tmp_path: Path, version: str) -> None:
    """CMD-01 to CMD-14, CP-01 to CP-04, M20 to M28, M60 to M63: a charger that takes limits in W only."""
    async with stage(tmp_path) as (gateway, operator), SimulatedPartner("NL", "EMS") as partner:
        await partner.register(*await operator.invite("Great eMSP", "NL-EMS"))
        charger = simulated_charger(
            f"{gateway.url}/ocpp".replace("http", "ws", 1), Identity(CHARGER, PASSWORD), version,
            on_remote_start=charge_on_remote_start(PLAN),
        )  # fmt: skip
        charger.station.configuration["RateUnit"] = ConfigurationEntry("W", readonly=True)
        plug, driver = charger.station.plugs[1], Driver(partner)
        async with charger:
            cancelled = await driver.reserve("first")
            assert plug.reservation is not None
            await driver.ask("CANCEL_RESERVATION", reservation_id="first")
            assert plug.reservation is None
            await driver.until("INVALID")

            reserved = await driver.reserve("second")
            await driver.ask("START_SESSION", token=app_token(), **PLACE)
            session_id = (await driver.until("ACTIVE")).body["id"]
            assert session_id == reserved.body["id"] != cancelled.body["id"]
            await charger.settled()
            assert plug.reservation is None

            periods = [{"start_period": 0, "limit": 10}, {"start_period": 600, "limit": 6}]
            put = await driver.commander.set_profile(
                session_id, charging_rate_unit="A", charging_profile_period=periods, min_charging_rate=6
            )
            assert (await driver.commander.result(put, 20))["result"] == "ACCEPTED"
            ((_, schedule),) = plug.profiles.items()
            assert schedule["chargingRateUnit"] == "W"
            assert [p["limit"] for p in schedule["chargingSchedulePeriod"]] == [6900, 4140]
            assert schedule["minChargingRate"] == 4140
            assert await driver.pushed(session_id, 1) == [(0, 10), (600, 6)]

            got = await driver.commander.get_profile(session_id, 300)
            read = await driver.commander.result(got, 20)
            assert read["result"] == "ACCEPTED"
            assert read["profile"]["charging_profile"]["charging_rate_unit"] == "A"

            schedule["chargingSchedulePeriod"] = [{"startPeriod": 0, "limit": 5520.0}]
            limit = {"chargingLimitSource": "SO", "isGridCritical": False}
            assert await charger.call("NotifyChargingLimit", {"chargingLimit": limit, "evseId": 1}) == {}
            assert await driver.pushed(session_id, 2) == [(0, 8)]

            clear = await driver.commander.clear_profile(session_id)
            assert (await driver.commander.result(clear, 20))["result"] == "ACCEPTED"
            assert plug.profiles == {}
            assert await driver.pushed(session_id, 3) == [(0, 16)]

            await driver.ask("UNLOCK_CONNECTOR", "EVSE_OCCUPIED", **PLUG)
            await driver.ask("STOP_SESSION", session_id=session_id)
            await driver.until("COMPLETED")
            await driver.ask("UNLOCK_CONNECTOR", **PLUG)
            await partner.ledger.until(lambda: partner.ledger.cdrs or None, "CDR", 20)
        (cdr,) = partner.ledger.cdrs.values()
        assert cdr.body["session_id"] == session_id
        assert cdr.body["cdr_token"]["uid"] == app_token()["uid"]
        assert all(len(asked.results) == 1 for asked in partner.commander.asked.values())
        assert partner.ledger.remarks == []

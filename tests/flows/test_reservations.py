"""Reservations nobody holds any more, over real sockets: withdrawn by people, accepted too late."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.bootstrap import Gateway
from gateway.sim.charger import SimulatedCharger
from gateway.sim.charger_v2x import SimulatedCharger2
from gateway.sim.commander import Asked
from gateway.sim.partner import SimulatedPartner
from gateway.sim.station import Identity, Reservation
from tests.cli.conftest import run
from tests.fakes_ocpp import PASSWORD
from tests.flows.stage import CHARGER, Operator, books_agree, stage
from tests.flows.test_commands import app_token

EACH = pytest.mark.parametrize("version", ["1.6", "2.0.1"])


@dataclass
class Scene:
    gateway: Gateway
    operator: Operator
    partner: SimulatedPartner
    charger: SimulatedCharger
    frames: list[list[Any]] = field(default_factory=list)
    """What the charger was sent."""

    async def reserve(self) -> Asked:
        expiry = (datetime.now(UTC) + timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return await self.partner.commander.send(
            "RESERVE_NOW", token=app_token(), location_id="LOC1", evse_uid="EVSE-1",
            reservation_id="R-1", expiry_date=expiry,
        )  # fmt: skip

    def calls(self, action: str) -> list[list[Any]]:
        return [frame for frame in self.frames if frame[0] == 2 and frame[2] == action]

    async def until_nothing_is_left(self) -> None:
        """Every command is over and done with."""
        async with asyncio.timeout(20):
            while await self.gateway.store.read(lambda tx: tx.runs.unfinished()):
                await asyncio.sleep(0.02)

    async def until(self, what: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not what():
                await asyncio.sleep(0.02)


@asynccontextmanager
async def scene(directory: Path, version: str, **settings: Any) -> AsyncIterator[Scene]:
    async with (
        stage(directory, **settings) as (gateway, operator),
        SimulatedPartner("NL", "EMS") as partner,
    ):
        await partner.register(*await operator.invite("Great eMSP", "NL-EMS"))
        url, identity = gateway.url.replace("http", "ws", 1) + "/ocpp", Identity(CHARGER, PASSWORD)
        frames: list[list[Any]] = []

        def watch(direction: str, text: str) -> None:
            if direction == "in":
                frames.append(json.loads(text))

        kind = SimulatedCharger if version == "1.6" else SimulatedCharger2
        async with kind(url, identity, watch=watch) as charger:
            yield Scene(gateway, operator, partner, charger, frames)
        await books_agree(operator)


@EACH
async def test_an_operator_withdraws_a_reservation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    """CMD-12, M27: `gateway session withdraw`: the charger frees the plug, the partner hears of it."""
    async with scene(tmp_path, version) as at:
        ledger, plug = at.partner.ledger, at.charger.station.plugs[1]
        asked = await at.reserve()
        await ledger.until(lambda: ledger.sessions or None, "session", 20)
        (held,) = ledger.sessions.values()
        assert held.body["status"] == "RESERVATION"
        assert plug.reservation is not None
        monkeypatch.setenv("GATEWAY_URL", at.gateway.url)
        monkeypatch.setenv("GATEWAY_ADMIN_TOKEN", at.gateway.admin_token)
        said = await asyncio.to_thread(run, "session", "withdraw", held.body["id"])
        assert said.code == 0, said.err
        assert "Great eMSP is told" in said.out
        await ledger.until(lambda: held.body["status"] == "INVALID", "session INVALID", 20)
        await ledger.until(lambda: len(asked.results) == 2, "second result", 20)
        assert [result["result"] for result in asked.results] == ["ACCEPTED", "CANCELED_RESERVATION"]
        await at.until(lambda: plug.reservation is None)
        again = await asyncio.to_thread(run, "session", "withdraw", held.body["id"])
        assert (again.code, "is no reservation that is held" in again.err) == (1, True)
        status, answer = await at.operator.attempt("POST", "/sessions/nobody/withdraw")
        assert (status, answer["error"]) == (404, "unknown_object")
        assert not ledger.cdrs


@EACH
async def test_a_charger_that_is_away_frees_the_plug_when_it_is_back(tmp_path: Path, version: str) -> None:
    """CMD-12, M27: the cancellation waits for the charger."""
    async with scene(tmp_path, version) as at:
        ledger, plug = at.partner.ledger, at.charger.station.plugs[1]
        await at.reserve()
        await ledger.until(lambda: ledger.sessions or None, "session", 20)
        (held,) = ledger.sessions.values()
        await at.charger.lose_connection()
        shown = await at.operator("POST", f"/sessions/{held.body['id']}/withdraw")
        assert shown["status"] == "INVALID"
        assert plug.reservation is not None
        await at.charger.come_back()
        await at.until(lambda: plug.reservation is None)


@EACH
async def test_a_reservation_made_in_silence_is_cancelled(tmp_path: Path, version: str) -> None:
    """M24, M27: the charger reserved, its answer was lost, the partner heard TIMEOUT: the plug gets free."""
    async with scene(tmp_path, version, command_timeout_seconds=1.0) as at:
        plug = at.charger.station.plugs[1]
        at.charger.deaf_to["ReserveNow"] = asyncio.Queue(1)
        asked = await at.reserve()
        await at.until(lambda: at.calls("ReserveNow"))
        (call,) = at.calls("ReserveNow")
        number = call[3]["reservationId" if version == "1.6" else "id"]
        plug.reservation = Reservation(number, "the driver")
        assert (await at.partner.commander.result(asked, 20))["result"] == "TIMEOUT"
        await at.until(lambda: plug.reservation is None)
        assert not at.partner.ledger.sessions
        assert len(asked.results) == 1


@EACH
async def test_a_reservation_accepted_too_late_is_cancelled(tmp_path: Path, version: str) -> None:
    """M24, M27: TIMEOUT, a first cancellation finds nothing, then the charger accepts after all."""
    async with scene(tmp_path, version, command_timeout_seconds=1.0) as at:
        plug = at.charger.station.plugs[1]
        at.charger.deaf_to["ReserveNow"] = asyncio.Queue(1)
        asked = await at.reserve()
        assert (await at.partner.commander.result(asked, 20))["result"] == "TIMEOUT"
        await at.until(lambda: len(at.calls("CancelReservation")) == 1)
        (call,) = at.calls("ReserveNow")
        number = call[3]["reservationId" if version == "1.6" else "id"]
        await at.until_nothing_is_left()
        plug.reservation = Reservation(number, "the driver")
        await at.charger.send_raw(json.dumps([3, call[1], {"status": "Accepted"}]))
        await at.until(lambda: plug.reservation is None)
        assert len(at.calls("CancelReservation")) == 2
        assert len(asked.results) == 1
